"""Wrong gradients behind a right output: rounding is told apart from a wrong formula."""

from sessa_ref.oracle.explain.which_behaviour import behaviours
from tests.oracle.explain.observed import implementation, observed


def test_a_backward_pass_that_rounds_is_told_with_where_it_does():
    both = [o for check in ("forward", "gradients") for o in observed("GateGradientInBfloat16", check)]
    (told,) = behaviours(both, implementation("GateGradientInBfloat16"))
    assert told.name == "BackwardLosesPrecision"
    assert "rounding to" in told.text
    assert "the gate g" in told.text
    both = [o for check in ("forward", "gradients") for o in observed("GateHalfDetached", check)]
    assert [told.name for told in behaviours(both, implementation("GateHalfDetached"))] == ["WrongGradients"]
