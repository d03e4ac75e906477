"""Figures of errors over bounds, for reports."""

import re

import pytest

pytest.importorskip("matplotlib")

from sessa_ref.oracle import Result
from sessa_ref.oracle.report.results import Status
from sessa_ref.plotting import style
from sessa_ref.plotting.ratio_figures import ratios_by_case, ratios_by_length

RESULTS = [Result("c", "float64", "forward", Status.PASSED, 0.1)]


def test_a_report_can_be_read_on_light_and_dark_pages():
    """Its texts are texts, which the page colours, and no line or mark is black or white."""
    for svg in (ratios_by_case(RESULTS), ratios_by_length(RESULTS, {"c": 3})):
        assert "<text" in svg
        assert style.GREY in svg
        strokes = set(re.findall(r"(?:stroke|fill): (#[0-9a-f]{6})", svg))
        assert strokes
        assert not strokes & {"#000000", "#ffffff"}
