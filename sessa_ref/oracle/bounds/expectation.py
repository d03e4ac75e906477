"""What a case must give, and how far a correct implementation may be from it.

The true value comes from arithmetic finer than the implementation's: for float64, ball arithmetic with a proven radius, or
extended precision where a case has many tokens; float64 for the others. The tolerance is `SAFETY_FACTOR` times the spread
that Monte Carlo arithmetic finds on this very case.
"""

from collections.abc import Callable
from functools import cached_property, lru_cache

import numpy as np

from sessa_ref.certified import Enclosure, enclose_vjp
from sessa_ref.oracle.bounds.equivalent_forms import EQUIVALENTS, OF_PARTS
from sessa_ref.oracle.bounds.rounding import rounded
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.protocol import Values
from sessa_ref.oracle.levels import LAYER
from sessa_ref.precision import PRECISIONS
from sessa_ref.reference import DEFINITION, Formulas

SAFETY_FACTOR = 16.0
"""The bound in units of the spread. Over 10^6 normal errors the largest is about 5 spreads; the rest is for
systematic errors and for other orders of operations than the reference's."""

DRAWS = 8
"""Monte Carlo draws per case, shared among the forms in `EQUIVALENTS`; see `draws_for`."""

LONG = 1024
"""Tokens beyond which a case is long."""

CERTIFIED = 257
"""Tokens up to which true values for float64 are certified: enclosed by ball arithmetic of 128 bits."""

CERTIFIED_WORK = 2**24
"""Tokens of all rows times parameters, up to which the same holds: balls take time and memory."""

EXTENDED = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
"""Whether this machine has a longdouble finer than float64; if not, true values of float64 beyond `CERTIFIED` tokens
are float64 results, whose own error is about one spread of the sixteen allowed."""

_DRAWING_UNIT = 2.0**-24


def evaluate(case: Case, x: np.ndarray, dy: np.ndarray, formulas: Formulas = DEFINITION) -> Values:
    """All quantities that checks compare, from the reference, in the arithmetic of `x` and `dy`."""
    return case.level.evaluate(case.parameters, x, dy, formulas)


class Expectation:
    """True values and tolerances of one case in one precision.

    Args:
        case: as generated; `self.case` is it rounded to `dtype`.
        dtype: a key of `PRECISIONS`.
        spread: what `spreads_for` gives, where it is already there.
    """

    def __init__(self, case: Case, dtype: str, spread: Values | None = None) -> None:
        self.unrounded = case
        self.case = case.rounded(dtype)
        self.dtype = dtype
        self.spread = spreads_for(case, dtype) if spread is None else spread

    def __getstate__(self) -> dict:
        # flint's balls do not travel between processes; the true values, which are made from them, do
        return {name: value for name, value in vars(self).items() if name != "enclosures"}

    @property
    def output(self) -> str:
        """What the output is called."""
        return self.case.level.output

    @property
    def gradients(self) -> list[str]:
        """What the gradients are called."""
        return [name for name in self.true if name != self.output]

    @cached_property
    def true(self) -> Values:
        """The true values for the case as `dtype` holds it, in finer arithmetic."""
        if self.enclosures is not None:
            return {
                name: np.asarray(e.midpoint.astype(np.longdouble) + e.correction) for name, e in self.enclosures.items()
            }
        finer = np.longdouble if self.dtype == "float64" else np.float64
        return evaluate(self.case, self.case.x.astype(finer), self.case.dy.astype(finer))

    @cached_property
    def enclosures(self) -> dict[str, Enclosure] | None:
        """Balls that provably contain the true values, where the case has them."""
        if self.dtype != "float64" or not is_certified(self.case):
            return None
        return enclose_vjp(self.case.parameters, self.case.x, self.case.dy, 128)

    @cached_property
    def angle_spread(self) -> Values:
        """Spread per unit roundoff of the rotary angles, all else exact."""
        return spreads(self.unrounded, 0.0, 1.0)

    def bounds(self, quantity: str, angle_unit_roundoff: float | None = None) -> np.ndarray:
        """The tolerated absolute error of each element of a quantity, broadcastable to its shape.

        Args:
            quantity: a key of `true`.
            angle_unit_roundoff: unit roundoff granted to the rotary angles, on top of the precision's own.
        """
        precision = PRECISIONS[self.dtype]
        spread = self.spread[quantity] * precision.unit_roundoff
        if angle_unit_roundoff is not None and self.case.parameters.config.rope:
            spread = spread + self.angle_spread[quantity] * angle_unit_roundoff
        return np.asarray(SAFETY_FACTOR * spread + precision.underflow * max(self.case.x.size, 1))

    def error_ratios(self, quantity: str, value: np.ndarray, angle_unit_roundoff: float | None = None) -> np.ndarray:
        """|value - true| / bound for each element; infinite where the value is not finite."""
        return self.ratios(quantity, value, self.true[quantity], angle_unit_roundoff)

    def ratios(
        self, quantity: str, value: np.ndarray, wanted: np.ndarray, angle_unit_roundoff: float | None = None
    ) -> np.ndarray:
        """|value - wanted| / bound for each element; infinite where the value is not finite."""
        with np.errstate(invalid="ignore"):
            error = np.abs(value.astype(wanted.dtype) - wanted)
        ratios = (error / self.bounds(quantity, angle_unit_roundoff)).astype(np.float64)
        return np.where(np.isfinite(value), ratios, np.inf)


def is_certified(case: Case) -> bool:
    """Whether ball arithmetic gives the true values of a case in float64: of whole layers, where they are small."""
    if case.level != LAYER:
        return False
    batch, T, _ = case.x.shape
    numbers = sum(array.size for _, array in case.parameters.items())
    return T <= CERTIFIED and batch * T * numbers <= CERTIFIED_WORK


@lru_cache(maxsize=128)
def expectations(case: Case, dtypes: tuple[str, ...]) -> dict[str, Expectation]:
    """The expectations of one case in several precisions, true values included, with shared draws."""
    shared: dict[tuple[float, float], Values] = {}
    result = {}
    for dtype in dtypes:
        key = _drawing(dtype)
        if key not in shared:
            shared[key] = spreads_for(case, dtype)
        result[dtype] = Expectation(case, dtype, shared[key])
        _ = result[dtype].true
    return result


def spreads_for(case: Case, dtype: str) -> Values:
    """Spread per unit roundoff in the arithmetic of `dtype`."""
    drawing_unit, angle_ratio = _drawing(dtype)
    return spreads(case, 1.0, angle_ratio, drawing_unit)


def _drawing(dtype: str) -> tuple[float, float]:
    # Deviations are linear in errors as small as those of float32 and float64, so one set of draws serves
    # both. Half precisions are drawn at their own size.
    precision = PRECISIONS[dtype]
    return max(precision.unit_roundoff, _DRAWING_UNIT), precision.angle_unit_roundoff / precision.unit_roundoff


def spreads(case: Case, unit: float, angle_unit_roundoff: float, drawing_unit: float = _DRAWING_UNIT) -> Values:
    """Root mean square deviation under Monte Carlo arithmetic, over draws and pooled, per unit roundoff.

    Args:
        case: the case, unrounded.
        unit: rounding errors of the layer, in multiples of `drawing_unit`: 1, or 0 for none.
        angle_unit_roundoff: those of the rotary angles.
        drawing_unit: size of the errors that are drawn.
    """

    def draw(generator: np.random.Generator, formulas: Formulas) -> Values:
        x, dy = (
            rounded(array, unit * drawing_unit, generator, angle_unit_roundoff * drawing_unit)
            for array in (case.x, case.dy)
        )
        return evaluate(case, x, dy, formulas)

    squares = mean_squares(case, draw)
    if unit == 0:  # angles alone: what does not depend on them must stay exact
        return {
            n: np.sqrt(np.mean(s, axis=-1, keepdims=True) if s.ndim else s) / drawing_unit for n, s in squares.items()
        }
    return {name: np.sqrt(pooled(name, s)) / drawing_unit for name, s in squares.items()}


def mean_squares(case: Case, draw: Callable[[np.random.Generator, Formulas], Values]) -> Values:
    """Mean square deviations of draws from the exact values, over the equivalent forms in turn.

    Args:
        case: gives the exact values and the number of draws.
        draw: evaluates the case in this form, in arithmetic that rounds with this generator.
    """
    exact = evaluate(case, case.x, case.dy)
    squares = {name: np.zeros(value.shape) for name, value in exact.items()}
    draws, forms = draws_for(case), EQUIVALENTS if case.level == LAYER else OF_PARTS
    for number in range(draws):
        values = draw(np.random.default_rng(number), forms[number % len(forms)])
        for name, value in values.items():
            squares[name] += (np.asarray(value) - exact[name]) ** 2 / draws
    return squares


def draws_for(case: Case) -> int:
    """Draws for a case: `DRAWS`, half of them where it is long, more where the last axis pools fewer than 8 numbers."""
    T, D = case.dy.shape[1:]
    return DRAWS // 2 if T > LONG else DRAWS * max(1, 8 // D)


def pooled(name: str, squares: np.ndarray) -> np.ndarray:
    """Each element's own mean square, but at least the mean over the last axis, and a part of the mean over all.

    A few draws of one number may all happen to be small, and a row of a weight's gradient is often a single random
    number times fixed ones: there the part is a sixteenth. Elsewhere it is as small as 1/4096, for solvers whose
    errors are small beside the largest state only. Means alone are no bound: a bias may have entries of many sizes.
    """
    if not squares.ndim or not squares.size:
        return squares
    part = 16 if name.startswith("grad.") else 4096
    return np.maximum(squares, np.maximum(np.mean(squares, axis=-1, keepdims=True), np.mean(squares) / part))
