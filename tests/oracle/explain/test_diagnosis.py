"""The diagnosis as a whole: what it names, and that it never breaks a verdict."""

from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.diagnosis import diagnose
from sessa_ref.oracle.report.results import Result, Status
from tests.oracle.explain.observed import report_on


def test_a_fault_of_decoding_steps_alone():
    report = report_on("DecodesOtherGroups")
    assert [told.name for told in report.diagnosis] == ["DecodeGroupsInterleaved"]
    assert "In decoding steps query heads" in report.diagnosis[0].text


def test_a_search_that_breaks_does_not_break_the_verdict(monkeypatch):
    monkeypatch.setattr("sessa_ref.oracle.explain.diagnosis._diagnose", lambda *arguments: 1 / 0)
    assert diagnose([Observation(Result("case", "float64", "forward", Status.FAILED, 2.0))]) == []
