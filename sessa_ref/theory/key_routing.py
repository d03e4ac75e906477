"""Routing whose weights only the key decides: alpha_tj = w_j / (w_0 + ... + w_(t - 1)). It is not in the paper.

Uniform routing is w_j = 1. `influence.sharpened_routing` is w_j = exp(sharpness j), whose limit is the predecessor alone.
"""

from typing import Any

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array


def key_influence(share: Float64[Array, " T"], gamma: Float64[Array, " T"], source: int) -> Float64[Array, " later"]:
    """K_{t, tau} for all t > tau: gamma_t alpha_{tau+1, tau} times the product of 1 - (1 - gamma_i) alpha_{i+1, i}.

    The product is over tau < i < t.

    Args:
        share: w_t / (w_0 + ... + w_t) for every token t, which is alpha_{t + 1, t}.
        gamma: the gain of every token.
        source: the token tau.
    """
    kept = 1 - (1 - gamma) * share
    return gamma[source + 1 :] * share[source] * np.cumprod(np.r_[1, kept[source + 1 : -1]])


def sharpened_share(T: int, sharpness: float) -> Float64[Array, " T"]:
    """(1 - r) / (1 - r^(t + 1)) with r = exp(-sharpness): `share` of the routing with w_j = exp(sharpness j)."""
    r = np.exp(-sharpness)
    return 1 / np.cumsum(r ** np.arange(T))


def sharpened_factor(gamma: float, sharpness: float) -> float:
    """The limit of K_{t + 1, tau} / K_{t, tau} under sharpened routing: 1 - (1 - gamma) (1 - exp(-sharpness))."""
    return float(1 - (1 - gamma) * -np.expm1(-sharpness))


def predecessor_influence(source: Any, target: Any, gamma: Any) -> Any:
    """K_{t, tau} = gamma^(t - tau) where every token reads its predecessor alone: one path, geometric decay."""
    return gamma ** (target - source)
