"""What rounding may do to a result in float64: a bound from its number of operations, or the oracle's rounding analysis.

The analysis follows a computation in NumPy step after step, of whole networks too.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sessa_ref.oracle.bounds.expectation import DRAWS, SAFETY_FACTOR
from sessa_ref.oracle.bounds.rounding import rounded
from sessa_ref.precision import PRECISIONS
from sessa_ref.reference.solve import forward_substitution

DRAWN = 2.0**-40
"""Unit roundoff of the draws: small enough for sharp rows to answer in proportion."""

LIBRARY = 4
"""Roundings that a call of exp, log, tanh, a power and the like counts for: libraries promise one to two units in the last
place, and the oracle counts the same."""

Results = dict[str, np.ndarray]
Computation = Callable[[np.ndarray], np.ndarray]


def roundings(n: float, dtype: str = "float64") -> float:
    """gamma_n = n u / (1 - n u): the relative error of a number after n roundings, u the unit roundoff.

    Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1. A sum of n terms, each a product, has that error beside
    the sum of their absolute values, in any order.
    """
    nu = n * PRECISIONS[dtype].unit_roundoff
    return nu / (1 - nu)


def near(value: Any, n: float, dtype: str = "float64") -> Any:
    """Equal to `value` within n roundings. `pytest.approx` alone would also allow 1e-12, whatever its relative tolerance."""
    return pytest.approx(value, rel=roundings(n, dtype), abs=0)


def gamma_roundings(x: float) -> float:
    """The relative error of quotients Gamma(x + n) / Gamma(x), |n| below 1, in SciPy.

    Up to 10^4 they are exp of a difference of logarithms of Gamma, whose roundings exp makes relative; beyond, a series.
    """
    return roundings(2 * LIBRARY * (1 + abs(math.lgamma(min(x, 1e4)))))


def solution_rounding(B: np.ndarray, f: np.ndarray, n: float = 0) -> np.ndarray:
    """The error of the solution of (I - B) s = f by forward substitution, in float64, for each number of s.

    The residual is at most gamma_(T + 2) (|f| + |s| + |B| |s|) (Higham, theorem 8.5), and n roundings more where the entries
    of B are off by n. With A = (I - |B|)^-1, |s| <= A |f|, so the sum is at most 2 A |f|, and A carries it to s.
    """
    sizes = forward_substitution(np.abs(B), np.abs(f))
    return 2 * roundings(B.shape[-1] + 2 + n) * forward_substitution(np.abs(B), sizes)


def central_difference(function: Callable[[float], Any], step: float, rounding: float) -> tuple[Any, float]:
    """The derivative at 0 by central differences, and how far any number of it may be off; `rounding` is that of the function.

    The error is step^2 / 6 times a third derivative, up to higher powers of the step. With twice the step it is four times as
    large, so that the two quotients differ by three times it.
    """
    near, far = ((function(s) - function(-s)) / (2 * s) for s in (step, 2 * step))
    return near, float(np.max(np.abs(far - near)) + rounding / step)


def bounds(computation: Callable[[np.ndarray], Results], x: np.ndarray, draws: int = DRAWS) -> Results:
    """The tolerated error of each number in float64: 16 spreads under Monte Carlo arithmetic, of it or of its row."""
    exact = computation(x)
    squares = {name: np.zeros(value.shape) for name, value in exact.items()}
    for seed in range(draws):
        for name, drawn in computation(rounded(x, DRAWN, np.random.default_rng(seed))).items():
            squares[name] += (np.asarray(drawn) - exact[name]) ** 2 / draws
    unit = SAFETY_FACTOR / DRAWN * 2.0**-53
    rows = {n: s.mean(axis=-1, keepdims=True) if s.size else s for n, s in squares.items()}
    return {n: unit * np.sqrt(np.maximum(s, rows[n])) for n, s in squares.items()}


def bound(computation: Computation, x: np.ndarray, draws: int = DRAWS) -> np.ndarray:
    """The same for a single result."""
    return bounds(lambda x: {"": computation(x)}, x, draws)[""]


def assert_all_equal_but_for_rounding(
    computation: Callable[[np.ndarray], Results], x: np.ndarray, wanted: Results
) -> None:
    """The results at x are these, within the bounds and the rounding of the wanted numbers."""
    found, allowed = computation(x), bounds(computation, x)
    assert set(wanted) == set(found)
    for name, value in wanted.items():
        assert np.shape(value) == found[name].shape, name
        error, most = np.abs(found[name] - value), allowed[name] + 4 * 2.0**-53 * np.abs(value)
        worst = np.max(error - most, initial=0)
        assert worst <= 0, (
            f"{name} is beyond the bound by {worst:.1e}; the largest error is {error.max():.1e}, the bounds up to {most.max():.1e}"
        )


def assert_equal_but_for_rounding(computation: Computation, x: np.ndarray, wanted: np.ndarray) -> None:
    """The same for a single result."""
    assert_all_equal_but_for_rounding(lambda x: {"the result": computation(x)}, x, {"the result": wanted})
