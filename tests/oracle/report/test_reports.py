"""What holds in every format."""

import json
from xml.etree import ElementTree

import jsonschema
import pytest

from sessa_ref.oracle import Report
from sessa_ref.oracle.report import to_html, to_junit
from tests.oracle.report.reports import REPORT, RESULTS, SCHEMA, Page


def test_what_was_skipped_is_told_in_every_format(page):
    assert REPORT.remark == "1 of 8 checks was skipped: decode (1)"
    content = json.loads(REPORT.to_json())
    assert content["skipped"] == {"decode": 1}
    assert content["checks"] == 8
    assert "1 of 8 checks was skipped: decode (1)" in Page(page).text
    properties = {p.get("name"): p.get("value") for p in ElementTree.fromstring(to_junit(REPORT)).iter("property")}
    assert properties["remark"] == REPORT.remark


def test_an_incomplete_report_is_no_verdict_in_any_format():
    pytest.importorskip("matplotlib")
    report = Report("layer", RESULTS[:1], {}, incomplete="No space left on device")
    assert not report.conforms
    assert report.verdict == "is not judged"
    jsonschema.validate(json.loads(report.to_json()), SCHEMA)
    root = ElementTree.fromstring(to_junit(report))
    (error,) = root.iter("error")
    assert error.get("message") == "the run ended early: No space left on device"
    assert root.get("errors") == "1"
    text = Page(to_html(report)).text
    assert "is not judged" in text
    assert "No space left on device" in text
