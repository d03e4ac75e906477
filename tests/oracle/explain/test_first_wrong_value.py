"""The first value that is wrong, where the implementation shows its steps."""

from collections.abc import Callable

import numpy as np
import pytest

from sessa_ref.oracle import battery
from sessa_ref.oracle.bounds.expectation import Expectation, expectations
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.comparison import Problem, Truth, compare
from sessa_ref.oracle.explain.first_wrong_value import locate, wrong_stage, wrong_tokens
from sessa_ref.oracle.explain.which_cases_fail import first_token_pattern
from sessa_ref.oracle.report.results import Result, Status
from tests.oracle.explain.observed import FEW, implementation, observed


def test_the_stage_that_is_wrong():
    (fact,) = wrong_stage(implementation("StrangeActivation"), observed("StrangeActivation", "forward"))
    assert fact[0] == "WrongStage"
    assert "u is not GELU of the a that is shown: it is off by up to 0.001" in fact[1]
    assert list(wrong_stage(None, observed("StrangeActivation", "forward"))) == []


@pytest.fixture(scope="module")
def cases() -> list[Expectation]:
    """In float32, the larger one first."""
    return [expectations(case, ("float32",))["float32"] for case in battery() if case.name in FEW]


def _failed(truth: Expectation, dtype: str, change: Callable[[np.ndarray], np.ndarray]) -> Observation:
    """What is seen of a layer that gives the true outputs, changed, in some dtype."""
    result = Result(truth.case.name, "float32", "forward", Status.FAILED, np.inf)
    return Observation(result, compare(Truth.of(truth), {"y": change(truth.true["y"]).astype(dtype)}, ["y"]), truth)


def _second_token_wrong(y: np.ndarray) -> np.ndarray:
    return np.where(np.arange(y.shape[1])[:, None] == 1, y + 1, y)


def test_the_first_wrong_token(cases):
    seen = [_failed(truth, "float32", _second_token_wrong) for truth in cases]
    assert [np.flatnonzero(mask).tolist() for one in seen if (mask := wrong_tokens(one)) is not None] == [[1], [1]]
    assert "on two_tokens (T = 2) the first wrong token is 1; 1 token is wrong" in locate(implementation("Noisy"), seen)


def test_right_values_of_another_dtype_have_no_first_wrong_token(cases):
    other = [_failed(truth, "float64", np.copy) for truth in cases]
    assert [one.comparison and one.comparison.problem for one in other] == [Problem.DTYPE, Problem.DTYPE]
    assert [wrong_tokens(one) for one in other] == [None, None]
    assert locate(implementation("Noisy"), other) == ["the forward pass is wrong"]
    assert list(first_token_pattern(other)) == []
    # Beside a case with wrong values, that case is told, although it is the larger one.
    large, small = cases
    assert large.case.x.size > small.case.x.size
    mixed = [_failed(large, "float32", _second_token_wrong), other[1]]
    assert any(f"on {large.case.name} " in sentence for sentence in locate(implementation("Noisy"), mixed))
