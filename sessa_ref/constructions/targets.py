"""Causal maps to build: on [-1, 1], for batches of tokens (..., T, d), each coordinate by itself."""

import numpy as np

from sessa_ref.notation import Array

DELAY = 2
"""Of the delayed XOR."""

SLOPE = 3.0
"""Of the smoothed sign."""

WIDTH = 0.25
"""A new largest token takes over fully where it is larger by this."""


def smooth_sign(z: Array) -> Array:
    """tanh(3 z)/tanh(3): -1, 0 and 1 at -1, 0 and 1."""
    return np.tanh(SLOPE * z) / np.tanh(SLOPE)


def running_mean(x: Array) -> Array:
    """(x_0 + ... + x_t)/(t + 1)."""
    return np.cumsum(x, axis=-2) / np.arange(1, x.shape[-2] + 1)[:, None]


def running_maximum(x: Array) -> Array:
    """max(x_0, ..., x_t)."""
    return np.maximum.accumulate(x, axis=-2)


def parity(x: Array) -> Array:
    """The product of the smoothed signs of x_0, ..., x_t."""
    return np.cumprod(smooth_sign(x), axis=-2)


def delayed_xor(x: Array) -> Array:
    """The smoothed sign of x_t times that of x_(t - 2); x_t's alone at t < 2."""
    sign = smooth_sign(x)
    before = np.ones_like(sign)
    before[..., DELAY:, :] = sign[..., :-DELAY, :]
    return sign * before


def position_of_largest(x: Array) -> Array:
    """The position of the largest token so far, over T; continuous: at near ties it is between the two.

    p_t = p_(t-1) + (t/T - p_(t-1)) S((x_t - m_(t-1))/0.25), S the ramp from 0 to 1 and m the running maximum.
    """
    T = x.shape[-2]
    largest = running_maximum(x)
    position = np.zeros_like(x)
    for t in range(1, T):
        takes = np.clip((x[..., t, :] - largest[..., t - 1, :]) / WIDTH, 0, 1)
        position[..., t, :] = position[..., t - 1, :] + (t / T - position[..., t - 1, :]) * takes
    return position


WORDS = {
    "running_mean": "the running mean",
    "running_maximum": "the running maximum",
    "parity": "the parity of signs",
    "delayed_xor": "the delayed exclusive or",
    "position_of_largest": "the position of the largest token",
}
"""What reports call these maps."""


def random_network(T: int, d: int, hidden: int = 6, seed: int = 0):
    """A random causal network with one hidden layer of tanh for each t, on the whole prefix."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, 1.5 / np.sqrt((t + 1) * d), (hidden, (t + 1) * d)) for t in range(T)]
    outer = [rng.normal(0, 1 / np.sqrt(hidden), (d, hidden)) for _ in range(T)]

    def function(x: Array) -> Array:
        flat = x.reshape(*x.shape[:-2], T * d)
        return np.stack([np.tanh(flat[..., : (t + 1) * d] @ weights[t].T) @ outer[t].T for t in range(T)], axis=-2)

    return function
