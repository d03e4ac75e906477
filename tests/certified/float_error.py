"""How far the float64 reference's output may be from the true one, by Monte Carlo arithmetic."""

import numpy as np

from sessa_ref import reference
from sessa_ref.oracle.bounds.expectation import DRAWS, SAFETY_FACTOR
from sessa_ref.oracle.bounds.rounding import rounded
from sessa_ref.oracle.cases.case import Case

_DRAWING_UNIT = 2.0**-24


def output_bound(case: Case, unit: float = 2.0**-53) -> np.ndarray:
    """The oracle's bound on each element of y in arithmetic of that unit roundoff; without gradients, so it is quick."""
    exact = reference.forward(case.parameters, case.x)
    squares = np.zeros(exact.shape)
    for draw in range(DRAWS):
        x = rounded(case.x, _DRAWING_UNIT, np.random.default_rng(draw))
        squares += (np.asarray(reference.forward(case.parameters, x)) - exact) ** 2 / DRAWS
    return SAFETY_FACTOR * unit * np.sqrt(np.mean(squares, axis=-1, keepdims=True)) / _DRAWING_UNIT
