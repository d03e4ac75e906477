"""Plain calls are right, and another use is wrong or raises."""

from sessa_ref.oracle import Verdict
from sessa_ref.oracle.explain.which_behaviour import behaviours
from tests.oracle.explain.observed import implementation, observed, report_on


def test_a_shorter_call_after_a_longer_one_is_checked():
    both = [o for check in ("forward", "calls") for o in observed("MaskOfTheLongest", check)]
    told = behaviours(both, implementation("MaskOfTheLongest"))
    assert [diagnosis.name for diagnosis in told] == ["KeepsState"]


def test_a_use_that_raises_is_told():
    report = report_on("OneCache")
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    (told,) = report.diagnosis
    assert told.name == "SharesDecodingState"
    assert "the cache is full" in told.text
