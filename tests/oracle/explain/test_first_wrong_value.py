"""The first value that is wrong, where the implementation shows its steps."""

from sessa_ref.oracle.explain.first_wrong_value import wrong_stage
from tests.oracle.explain.observed import implementation, observed


def test_the_stage_that_is_wrong():
    (fact,) = wrong_stage(implementation("StrangeActivation"), observed("StrangeActivation", "forward"))
    assert fact[0] == "WrongStage"
    assert "u is not GELU of the a that is shown: it is off by up to 0.001" in fact[1]
    assert list(wrong_stage(None, observed("StrangeActivation", "forward"))) == []
