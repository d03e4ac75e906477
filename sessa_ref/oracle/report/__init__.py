"""The report in formats for other programs and for reading: JUnit XML and a page of HTML.

`report.schema.json` describes the JSON that `sessa_ref.oracle.Report.to_json` gives.
"""

from sessa_ref.oracle.report.html import to_html
from sessa_ref.oracle.report.junit import to_junit

__all__ = ["to_html", "to_junit"]
