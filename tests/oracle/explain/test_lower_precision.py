"""Errors of a lower precision, told apart from smooth ones."""

from sessa_ref import reference
from sessa_ref.oracle import battery
from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.comparison import Comparison
from sessa_ref.oracle.explain.diagnosis import diagnose
from sessa_ref.oracle.explain.lower_precision import lower_precision, rounds_at_random
from sessa_ref.oracle.report.results import Result, Status
from tests.oracle.explain.observed import implementation, observed


def test_a_smooth_error_is_not_called_rounding():
    """In float32 these errors are as large as those of half precisions."""
    for name in ("OutputScaled", "StrangelyWrong"):
        assert not rounds_at_random(implementation(name), observed(name, "forward"))
    for name in ("StatesInBfloat16",):
        assert rounds_at_random(implementation(name), observed(name, "forward"))


def test_without_the_implementation_a_lower_precision_is_only_a_possibility():
    (case,) = (case for case in battery() if case.name == "two_tokens")
    expectation = expectations(case, ("float64",))["float64"]
    y = reference.forward(case.parameters, case.x) * (1 + 2.0**-25)
    comparison = Comparison(ratio=1e8, values={"y": y})
    failed = [Observation(Result("case", "float64", "forward", Status.FAILED, 1e8), comparison, expectation)]
    unsure, sure = lower_precision(failed, False, unsure=True), lower_precision(failed, True, unsure=False)
    assert unsure is not None
    assert "may explain" in unsure.text
    assert sure is not None
    assert "may" not in sure.text
    assert lower_precision(failed, False, unsure=False) is None


def test_decoding_in_a_lower_precision_is_told_from_computing_in_it():
    (told,) = diagnose(
        [o for check in ("forward", "decode") for o in observed("DecodesInFloat32", check)],
        implementation("DecodesInFloat32"),
    )
    assert told.name == "DecodesFloat32"
    assert "decoding in float32" in told.text
