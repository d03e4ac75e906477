"""What agrees with an implementation, and how closely it has to."""

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.faults import FAULTS, with_faults
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import case
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.comparison import Comparison
from sessa_ref.oracle.explain.agreement import SLACK, distance, explains, strictly_allowed
from sessa_ref.oracle.report.results import Result, Status

EXPECTATION = Expectation(case("agreement", "-", SessaConfig.published(8, 2), T=5), "float64")
CASE = EXPECTATION.case


def failed(y: np.ndarray, ratio: float) -> Observation:
    result = Result(CASE.name, "float64", "forward", Status.FAILED, ratio)
    return Observation(result, Comparison(ratio=ratio, values={"y": y}), EXPECTATION)


def test_a_fault_explains_its_own_values_and_no_other_does():
    y = reference.forward(CASE.parameters, CASE.x, formulas=with_faults(FAULTS["TanhGelu"]))
    ratio = distance(EXPECTATION, "y", y, EXPECTATION.true["y"])
    assert ratio > 2
    observation = failed(y, ratio)
    assert explains([FAULTS["TanhGelu"]], observation)
    assert not explains([FAULTS["RotaryHalfSplit"]], observation)
    assert not explains([], observation), "the right layer does not explain a failure"


@pytest.mark.parametrize(("ratio", "closer"), [(1.5, 1.0), (6.0, 3.0), (1e6, SLACK)])
def test_a_mistake_comes_closer_than_the_truth(ratio, closer):
    assert strictly_allowed(failed(CASE.x, ratio)) == closer


def test_distances_are_in_bounds_and_not_finite_on_both_sides_is_alike():
    y = np.asarray(EXPECTATION.true["y"], np.float64)
    moved, spoiled = y.copy(), y.copy()
    bound = np.broadcast_to(EXPECTATION.bounds("y"), y.shape)[0, 2, 1]
    moved[0, 2, 1] += 3 * bound
    spoiled[1, 4] = np.nan
    assert distance(EXPECTATION, "y", moved, y) == (moved - y)[0, 2, 1] / bound > 2
    assert distance(EXPECTATION, "y", spoiled, spoiled) == 0
    assert distance(EXPECTATION, "y", spoiled, y) == np.inf
    assert distance(EXPECTATION, "y", y[:, 1:], y) == np.inf
    assert distance(EXPECTATION, "y", None, y) == np.inf
