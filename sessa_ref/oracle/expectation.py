"""What a case must give, and how far a correct implementation may be from it.

The true value comes from arithmetic finer than the candidate's: float64 for float32, extended precision for
float64. The tolerance is `GROWTH` times the spread that Monte Carlo arithmetic finds on this very case.
"""

from functools import cached_property, lru_cache

import numpy as np

from sessa_ref import reference
from sessa_ref.oracle.cases import Case
from sessa_ref.oracle.precision import PRECISIONS
from sessa_ref.oracle.rounding import rounded

GROWTH = 16.0
"""The bound in units of the spread. Over 10^6 normal errors the largest is about 5 spreads; the rest is for
systematic errors and for other orders of operations than the reference's."""

DRAWS = 8
"""Monte Carlo draws per case. Spreads are pooled over the last axis on top of that."""

EXTENDED = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
"""Whether this machine has a longdouble finer than float64; if not, true values are float64 results, whose
own error is about one spread of the sixteen allowed."""

Values = dict[str, np.ndarray]
"""y, dx, and the gradient of every parameter under "grad." + its name."""

_DRAWING_UNIT = 2.0**-24


def evaluate(case: Case, x: np.ndarray, dy: np.ndarray) -> Values:
    """All quantities that checks compare, from the reference, in the arithmetic of `x` and `dy`."""
    steps = reference.trace(case.parameters, x)
    dx, gradients = reference.backward(case.parameters, steps, dy)
    return {"y": steps.y, "dx": dx} | {f"grad.{name}": gradient for name, gradient in gradients.items()}


class Expectation:
    """True values and tolerances of one case in one precision, computed when first needed."""

    def __init__(self, case: Case, dtype: str) -> None:
        self.unrounded = case
        self.case = case.rounded(dtype)
        self.dtype = dtype

    @cached_property
    def true(self) -> Values:
        """The true values for the case as `dtype` holds it, in finer arithmetic."""
        finer = np.longdouble if self.dtype == "float64" else np.float64
        return evaluate(self.case, self.case.x.astype(finer), self.case.dy.astype(finer))

    def bounds(self, quantity: str, angle_unit: float | None = None) -> np.ndarray:
        """The tolerated absolute error of each element of a quantity, broadcastable to its shape.

        Args:
            quantity: a key of `true`.
            angle_unit: unit roundoff granted to the rotary angles, on top of the precision's own.
        """
        precision = PRECISIONS[self.dtype]
        spread = (
            spreads(self.unrounded, 1.0, precision.angle_unit / precision.unit)[quantity] * precision.unit
        )
        if angle_unit is not None:
            spread = spread + spreads(self.unrounded, 0.0, 1.0)[quantity] * angle_unit
        return np.asarray(GROWTH * spread + precision.tiny * max(self.case.x.size, 1))

    def error_ratios(self, quantity: str, value: np.ndarray, angle_unit: float | None = None) -> np.ndarray:
        """|value - true| / bound for each element; infinite where the value is not finite."""
        return self.ratios(quantity, value, self.true[quantity], angle_unit)

    def ratios(
        self, quantity: str, value: np.ndarray, wanted: np.ndarray, angle_unit: float | None = None
    ) -> np.ndarray:
        """|value - wanted| / bound for each element; infinite where the value is not finite."""
        with np.errstate(invalid="ignore"):
            error = np.abs(value.astype(wanted.dtype) - wanted)
        ratios = (error / self.bounds(quantity, angle_unit)).astype(np.float64)
        return np.where(np.isfinite(value), ratios, np.inf)


@lru_cache(maxsize=8)
def spreads(case: Case, unit: float, angle_unit: float) -> Values:
    """Root mean square deviation under Monte Carlo arithmetic, over draws and the last axis, per unit.

    Rounding errors are small, so deviations are linear in them and one set of draws serves all precisions.
    """
    exact = evaluate(case, case.x, case.dy)
    squares = {name: np.zeros(value.shape) for name, value in exact.items()}
    for draw in range(DRAWS):
        generator = np.random.default_rng(draw)
        x, dy = (
            rounded(array, unit * _DRAWING_UNIT, generator, angle_unit * _DRAWING_UNIT)
            for array in (case.x, case.dy)
        )
        for name, value in evaluate(case, x, dy).items():
            squares[name] += (np.asarray(value) - exact[name]) ** 2 / DRAWS
    return {
        name: np.sqrt(np.mean(s, axis=-1, keepdims=True) if s.ndim else s) / _DRAWING_UNIT
        for name, s in squares.items()
    }
