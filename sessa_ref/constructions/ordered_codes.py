"""Ordered codes: disjoint intervals I_0 < I_1 < ... in (0, infinity) that the position channel of token t lies in."""

from typing import Any, NamedTuple

import numpy as np

from sessa_ref.constructions.channels import Channels
from sessa_ref.constructions.positions import intervals
from sessa_ref.notation import Array
from sessa_ref.reference.tokenwise import gelu
from sessa_ref.theory.positions import position_scale


class OrderedCodes(NamedTuple):
    """The intervals [lower_t, upper_t]."""

    lower: Array
    upper: Array

    @classmethod
    def of(cls, lower: Any, upper: Any) -> "OrderedCodes":
        """Checked codes.

        Raises:
            ValueError: the intervals are not disjoint, not in order, or not in (0, infinity).
        """
        codes = cls(np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64))
        if codes.lower.ndim != 1 or codes.lower.shape != codes.upper.shape or not len(codes.lower):
            raise ValueError(f"codes need one interval for each token, got {codes.lower.shape}, {codes.upper.shape}")
        ordered = np.all(codes.lower <= codes.upper) and np.all(codes.upper[:-1] < codes.lower[1:])
        if not (ordered and codes.lower[0] > 0):
            raise ValueError("codes must be intervals in (0, infinity), each before the next")
        return codes

    @property
    def length(self) -> int:
        """The number of tokens."""
        return len(self.lower)

    @classmethod
    def written(cls, T: int, radius: float, gain: float = 0.99, margin: float = 2.0) -> "OrderedCodes":
        """The intervals that `positions` writes for T tokens with |<x_t, e_pos>| at most `radius`.

        A gain near 1 makes the gaps most even, nearly 1/(t + 1); with a margin of 2 they are as wide as the intervals.
        """
        where = intervals(T, gain, margin * float(position_scale(T, gain, radius)), radius)
        return cls.of(where[:, 0], where[:, 1])

    def activated(self) -> "OrderedCodes":
        """The intervals behind the activation, GELU(I_t): in the same order, since GELU increases on (0, infinity)."""
        return OrderedCodes.of(gelu(self.lower), gelu(self.upper))

    def tokens(self, channels: Channels, n: int, radius: float, seed: int | np.random.Generator = 0) -> Array:
        """N sequences, (n, T, D): any tokens of norm at most `radius`, except for pos, which lies in its interval.

        Half of the tokens have the largest norm, and half of the positions lie at an end of their interval.
        """
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((n, self.length, channels.width))
        shrink = np.where(
            rng.random((n, self.length, 1)) < 0.5, 1, rng.random((n, self.length, 1)) ** (1 / channels.width)
        )
        x *= radius * shrink / np.linalg.norm(x, axis=-1, keepdims=True)
        x -= channels.read("pos", x)[..., None] * channels["pos"]
        share = rng.choice([0.0, 1.0, 0.5], p=[0.25, 0.25, 0.5], size=(n, self.length))
        share = np.where(share == 0.5, rng.random((n, self.length)), share)
        return x + (self.lower + share * (self.upper - self.lower))[..., None] * channels["pos"]
