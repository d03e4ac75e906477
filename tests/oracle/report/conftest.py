import pytest

from sessa_ref.oracle.report import to_html
from tests.oracle.report.reports import LENGTHS, REPORT


@pytest.fixture(scope="module")
def page():
    pytest.importorskip("matplotlib")
    return to_html(REPORT, LENGTHS)
