"""Rows of attention that are nearly one-hot: Appendix I.3, I.4 and I.7. Gaps, scales, and what the rest of a row costs.

Functions of numbers take floats and flint's balls, whose results contain the true value.
"""

from typing import Any

import numpy as np
from flint import arb


def needed_gap(others: int, delta: Any) -> Any:
    """The paper's log((n - 1) / delta) of Lemma I.2: a logit gap that leaves at most delta to n - 1 others."""
    return _log(others / delta)


def least_gap(others: int, delta: Any) -> Any:
    """The least such gap, log((n - 1)(1 - delta) / delta): with equal others the row then has exactly 1 - delta."""
    return _log(others * (1 - delta) / delta)


def rotary_gap(T: int, ball: bool = False) -> Any:
    """Delta_T of Lemma I.5: 1 - cos(s) at the s in 1 .. T - 1 that is nearest to a multiple of 2 pi.

    It is positive for every T because pi is irrational, and falls whenever T passes an s of `nearest_turns`.

    Raises:
        ValueError: T is below 2.
    """
    if T < 2:
        raise ValueError(f"a gap between positions needs T of at least 2, got {T}")
    steps = np.arange(1, T)
    nearest = int(steps[np.argmin(np.abs(np.sin(steps / 2)))])
    return 2 * (arb(nearest) / 2).sin() ** 2 if ball else float(2 * np.sin(nearest / 2) ** 2)


def nearest_turns(T: int) -> list[int]:
    """The s below T that come nearer to a multiple of 2 pi than all before: 1, 6, 19, 25, 44, 333, 710, 103993, ..."""
    steps = np.arange(1, T)
    away = np.abs(np.sin(steps / 2))
    return [
        int(s)
        for s, now, before in zip(steps, away, np.minimum.accumulate(np.r_[9.0, away]), strict=False)
        if now < before
    ]


def lag_gap(T: int, lag: int) -> float:
    """The least gap, over t, of the row cos((t - lag) - j), j <= t, between its largest and its second largest entry.

    Rows t >= lag have their maximum 1 at j = t - lag. Lemma I.16 asks for one-hot rows at t < lag too, where the
    maximum may be close to others.
    """
    gaps = []
    for t in range(1, T):
        row = np.sort(np.cos(t - lag - np.arange(t + 1.0)))
        gaps.append(row[-1] - row[-2])
    return float(min(gaps))


def lag_target(t: int, lag: int) -> int:
    """j*(t, lag) of Lemma I.16: the j <= t at which cos((t - lag) - j) is largest; t - lag where that is not negative."""
    return int(np.argmax(np.cos(t - lag - np.arange(t + 1.0))))


def rotary_scale(gap: Any, others: int, delta: Any, query_width: int = 2) -> Any:
    """c of Corollary I.3: queries and keys of this length give a one-hot row, c^2 gap / sqrt(d_k) = `needed_gap`."""
    square = needed_gap(others, delta) * np.sqrt(query_width) / gap
    return square.sqrt() if isinstance(square, arb) else np.sqrt(square)


def mixture_error(delta: Any, largest: Any) -> Any:
    """2 delta V_max of Lemma I.4: attained by two opposite vectors of length V_max."""
    return 2 * delta * largest


def transport_error(delta: Any, largest: Any, eta: Any) -> Any:
    """eta + 2 delta M_phi: the sharp form of Lemma I.13, whose 2 delta (M_phi + eta) + eta is never attained."""
    return eta + 2 * delta * largest


def moved_mass(epsilon: Any) -> Any:
    """tanh(epsilon / 2): the largest change of a softmax row's mass on any set where no logit moves by more than epsilon.

    Half the l1 distance of the rows, then, is at most this; equal where a set has the mass 1 / (1 + e^epsilon).
    """
    return (epsilon / 2).tanh() if isinstance(epsilon, arb) else np.tanh(epsilon / 2)


def _log(x: Any) -> Any:
    return x.log() if isinstance(x, arb) else np.log(x)
