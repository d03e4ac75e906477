"""What rounding may do to a result in float64, of whole networks too: the oracle's rounding analysis, step after step."""

from collections.abc import Callable

import numpy as np

from sessa_ref.oracle.bounds.expectation import DRAWS, SAFETY_FACTOR
from sessa_ref.oracle.bounds.rounding import rounded

DRAWN = 2.0**-40
"""Unit roundoff of the draws: small enough for sharp rows to answer in proportion."""

Results = dict[str, np.ndarray]
Computation = Callable[[np.ndarray], np.ndarray]


def bounds(computation: Callable[[np.ndarray], Results], x: np.ndarray, draws: int = DRAWS) -> Results:
    """The tolerated error of each number in float64: 16 spreads under Monte Carlo arithmetic, of it or of its row."""
    exact = computation(x)
    squares = {name: np.zeros(value.shape) for name, value in exact.items()}
    for seed in range(draws):
        for name, drawn in computation(rounded(x, DRAWN, np.random.default_rng(seed))).items():
            squares[name] += (np.asarray(drawn) - exact[name]) ** 2 / draws
    unit = SAFETY_FACTOR / DRAWN * 2.0**-53
    return {n: unit * np.sqrt(np.maximum(s, s.mean(axis=-1, keepdims=True))) for n, s in squares.items()}


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
