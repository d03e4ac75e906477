"""Impulse responses of the solve: what one unit put into f at token tau does to every later state, B held fixed.

This is the fixed-routing Jacobian (27) of the paper, a column of K = (I - B)^(-1). `uniform_routing`,
`sharpened_routing` and `earliest_routing` make matrices B to study; `symbolic.routing` has the first with symbols.
"""

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array, Real
from sessa_ref.reference import solve


def impulse_response(B: Real[Array, "*batch T T"], source: int) -> Real[Array, "*batch T"]:
    """Column tau of (I - B)^(-1): 0 before tau, 1 at tau, then the influence of f_tau on s_t (27).

    Args:
        B: routing matrix, shape (..., T, T); only its strictly lower part is read.
        source: tau, the token that receives the impulse.

    Raises:
        ValueError: there is no token `source`.
    """
    T = B.shape[-1]
    check_token(source, T)
    f = np.zeros((*B.shape[:-1], 1), dtype=B.dtype)
    f[..., source, 0] = 1
    return solve.forward_substitution(B, f)[..., 0]


def uniform_routing(T: int, gamma: float) -> Float64[Array, "T T"]:
    """B_tj = gamma / t for j < t: every earlier token is read alike (Proposition 29); row 0 is 0.

    Raises:
        ValueError: T is negative.
    """
    return sharpened_routing(T, gamma, 0.0)


def sharpened_routing(T: int, gamma: float, sharpness: float) -> Float64[Array, "T T"]:
    """B_tj = gamma alpha_tj, where row t is the softmax over j < t of -sharpness (t - j).

    Each token further back weighs less by the factor exp(-sharpness). Sharpness 0 is uniform routing; large sharpness
    reads the predecessor alone, infinity exactly.

    Raises:
        ValueError: T or the sharpness is negative, or the sharpness is NaN.
    """
    if T < 0:
        raise ValueError(f"T must not be negative, got {T}")
    if not sharpness >= 0:
        raise ValueError(f"sharpness must not be negative, got {sharpness}")
    between = np.maximum(np.subtract.outer(np.arange(T), np.arange(T)) - 1, 0)  # tokens between t and j
    decay = np.exp(-sharpness)
    weights = np.tril(decay**between, k=-1)
    return gamma * weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1)


def earliest_routing(T: int, gamma: float, c2: float) -> Float64[Array, "T T"]:
    """B_tj = gamma alpha_tj, where row t puts c2 / t on the earliest tokens until the row is full, its sum 1.

    Of all routings with alpha_tj <= c2 / t and rows that sum to at most 1 it keeps token 0 alive longest, because the
    earliest tokens hold most of its influence. c2 = 1 is uniform routing.

    Raises:
        ValueError: T is negative, or c2 is below 1.
    """
    if T < 0:
        raise ValueError(f"T must not be negative, got {T}")
    if not c2 >= 1:
        raise ValueError(f"c2 must be at least 1, got {c2}")
    t, j = np.arange(T)[:, None], np.arange(T)
    most = c2 / np.maximum(t, 1)
    return gamma * np.tril(np.clip(1 - j * most, 0, most), k=-1)


def check_token(source: int, T: int) -> None:
    """Refuse a token that is not there.

    Raises:
        ValueError: not 0 <= source < T.
    """
    if not 0 <= source < T:
        raise ValueError(f"source must be one of the {T} tokens from 0 on, got {source}")
