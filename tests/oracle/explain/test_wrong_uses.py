"""Plain calls are right, and another use is wrong or raises."""

import pytest

from sessa_ref.oracle import Verdict, battery
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.which_behaviour import behaviours
from sessa_ref.oracle.implementation.protocol import ImplementationError
from sessa_ref.oracle.report.results import Result, Status
from tests.oracle.explain.observed import implementation, observation_of, observed, report_on


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


@pytest.mark.parametrize(
    ("name", "wanted", "words"),
    [
        ("PadsInFront", "WrongForSomeLengths", "no multiple of 8"),
        ("OtherForOneRow", "WrongForSomeLayers", "a batch of one, is wrong by itself"),
        ("NeedsLongPrompts", "WrongForSomeLengths", "a prompt of one token fails by itself"),
    ],
)
def test_a_request_that_is_wrong_by_itself_is_no_matter_of_earlier_calls(name, wanted, words):
    (case,) = (case for case in battery() if case.name == "grouped_heads")
    both = [observation_of(implementation(name), "forward", case)]
    assert both[0].comparison is None
    try:
        both.append(observation_of(implementation(name), "calls", case))
    except ImplementationError as error:
        errored = Result(case.name, "float64", "calls", Status.ERRORED, None, str(error))
        both.append(Observation(errored, label=error.label))
    (told,) = behaviours(both, implementation(name))
    assert told.name == wanted
    assert words in told.text
