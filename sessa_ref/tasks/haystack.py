"""Haystacks: noise, and phrases of three tokens hidden in it."""

from typing import Final

import numpy as np
from jaxtyping import Int64

from sessa_ref.notation import Array

NOISE: Final = ("random", "repeated")
"""Kinds of noise."""


def noise(rng: np.random.Generator, count: int, size: int, symbols: int, kind: str) -> Int64[Array, "count size"]:
    """Noise of tokens 0 .. symbols - 1: uniform and independent, or the cycle 0, 1, .. again and again."""
    if kind == "random":
        return rng.integers(symbols, size=(count, size))
    return np.tile(np.arange(size) % symbols, (count, 1))


def hide(
    rng: np.random.Generator, phrases: Int64[Array, "count phrases 3"], noise: Int64[Array, "count size"]
) -> Int64[Array, "count T"]:
    """The phrases in their order, anywhere between the tokens of the noise: all ways to mix them are equally likely."""
    count, number, width = phrases.shape
    items = number + noise.shape[1]
    is_phrase = rng.permuted(np.tile(np.arange(items) < number, (count, 1)), axis=1)
    in_phrase = np.repeat(is_phrase.ravel(), np.where(is_phrase, width, 1).ravel())
    in_phrase = in_phrase.reshape(count, number * width + noise.shape[1])
    tokens = np.empty(in_phrase.shape, dtype=np.int64)
    tokens[in_phrase] = phrases.ravel()
    tokens[~in_phrase] = noise.ravel()
    return tokens
