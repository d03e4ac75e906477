"""The page loads nothing, shows everything and repeats."""

import re
import sys
from math import inf

import pytest

from sessa_ref.oracle import Report, Result
from sessa_ref.oracle.report import to_html
from sessa_ref.oracle.report.results import Diagnosis, Status
from tests.oracle.report.reports import LENGTHS, REPORT, RESULTS, Page


def test_the_page_loads_nothing(page):
    parsed = Page(page)
    assert all(reference.startswith("#") for reference in parsed.references)
    assert {reference[1:] for reference in parsed.references} <= set(parsed.ids)
    assert len(set(parsed.ids)) == len(parsed.ids), "two figures share an id"
    assert "<script" not in page
    assert "http" not in page
    assert "@import" not in page


def test_the_page_shows_everything(page):
    parsed = Page(page)
    assert "my <layer>" in parsed.text
    assert "does not conform" in parsed.text
    assert "8 checks: 2 passed, 1 departed, 2 failed, 2 errored, 1 skipped" in parsed.text
    for result in RESULTS:
        assert result.message in parsed.text
    assert [("about", "dtypes")[1], "float64, float32"] in [[text for _, text in row] for row in parsed.rows]
    cells = {cell for row in parsed.rows for cell in row}
    assert {("passed", "0.12"), ("failed", "✗ 31.50"), ("departed", "≈ 7.00"), ("errored", "⚠ errored")} <= cells
    assert {("departed", "! ∞"), ("skipped", "– skipped")} <= cells
    assert page.count("<svg") == 2
    assert "Diagnosis" not in page


def test_infinite_ratios_are_marked_in_the_figures_only_where_there_are_some(page):
    finite = [result for result in RESULTS if result.ratio != inf]

    def marked(text):
        return ["∞" in figure for figure in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]

    assert marked(page) == [True, True]
    assert marked(to_html(Report("layer", finite, {}), LENGTHS)) == [False, False]


def test_the_diagnosis_is_shown():
    pytest.importorskip("matplotlib")
    diagnosis = [Diagnosis("half_split", "explains 1 of 2 failing checks: pairs <r, r + d/2>", 1, 2)]
    text = Page(to_html(Report("layer", RESULTS, {}, diagnosis, ["wrong from q_rotated on"]))).text
    assert "half_split: explains 1 of 2 failing checks: pairs <r, r + d/2>" in text
    assert "wrong from q_rotated on" in text


@pytest.mark.parametrize("results", [[], RESULTS[2:3], RESULTS[5:6], RESULTS[6:7]])
@pytest.mark.parametrize("lengths", [None, {"other": 3}, LENGTHS])
def test_pages_of_odd_reports(results, lengths):
    pytest.importorskip("matplotlib")
    text = to_html(Report("layer", results, {}), lengths)
    Page(text)
    assert text.count("<svg") == (2 if results and lengths is LENGTHS else 1)


def test_many_precisions_and_unknown_checks():
    pytest.importorskip("matplotlib")
    results = [
        Result("case", f"float{n}", f"check {c}", Status.PASSED, 10.0 ** -(c + n)) for n in range(5) for c in range(8)
    ]
    parsed = Page(to_html(Report("layer", results, {}), {"case": 1031}))
    assert "check 7" in parsed.text


def test_equal_reports_give_equal_pages(page):
    assert to_html(REPORT, LENGTHS) == page


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match=r'need matplotlib: pip install "sessa-ref\[report\]"'):
        to_html(REPORT, LENGTHS)
