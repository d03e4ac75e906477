"""What rounding may do to the output of a whole network: the oracle's rounding analysis, block after block."""

from collections.abc import Callable

import numpy as np

from sessa_ref.oracle.bounds.expectation import DRAWS, SAFETY_FACTOR
from sessa_ref.oracle.bounds.rounding import rounded

DRAWN = 2.0**-40
"""Unit roundoff of the draws: small enough for sharp rows to answer in proportion."""


def bound(network: Callable[[np.ndarray], np.ndarray], x: np.ndarray, draws: int = DRAWS) -> np.ndarray:
    """The tolerated error of each output in float64: 16 spreads under Monte Carlo arithmetic, of it or of its row."""
    exact = network(x)
    squares = np.zeros(exact.shape)
    for seed in range(draws):
        drawn = np.asarray(network(rounded(x, DRAWN, np.random.default_rng(seed))))
        squares += (drawn - exact) ** 2 / draws
    squares = np.maximum(squares, squares.mean(axis=-1, keepdims=True))
    return SAFETY_FACTOR * np.sqrt(squares) / DRAWN * 2.0**-53


def assert_equal_but_for_rounding(
    network: Callable[[np.ndarray], np.ndarray], x: np.ndarray, wanted: np.ndarray
) -> None:
    """The network's outputs at x are these, within the bound and the rounding of the wanted numbers."""
    error, allowed = np.abs(network(x) - wanted), bound(network, x) + 4 * 2.0**-53 * np.abs(wanted)
    worst = np.max(error - allowed)
    assert worst <= 0, (
        f"beyond the bound by {worst:.1e}; the largest error is {error.max():.1e}, the bounds up to {allowed.max():.1e}"
    )
