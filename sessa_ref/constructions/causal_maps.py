"""Causal maps F as Python functions on a box: a test of causality, and a search for a network's largest error."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sessa_ref.notation import Array

Map = Callable[[Array], Any]
"""A function of tokens (T, d), or of a batch of them, (n, T, d), with values of the same shape."""


class NotCausalError(ValueError):
    """F is not causal: two inputs with the same prefix have different outputs on it."""


@dataclass(frozen=True)
class CausalMap:
    """A map F on the box [low, high]^(T d).

    Attributes:
        function: as the user wrote it.
        T: number of tokens.
        d: width of a token.
        low: the box's lower side.
        high: its upper side.
        batched: whether `function` takes a batch.
    """

    function: Map
    T: int
    d: int
    low: float
    high: float
    batched: bool

    @classmethod
    def of(cls, function: Map, T: int, d: int = 1, domain: tuple[float, float] = (-1.0, 1.0)) -> "CausalMap":
        """The map, after it was called once and tested for causality.

        Raises:
            ValueError: T, d or the domain is out of range, or a value is not finite or has the wrong shape.
            NotCausalError: it is not causal.
        """
        if T < 1 or d < 1:
            raise ValueError(f"length and width must be positive, got length {T} and width {d}")
        low, high = domain
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise ValueError(f"the domain must be an interval of finite numbers, got [{low}, {high}]")
        x = np.random.default_rng(1).uniform(low, high, (3, T, d))
        single = np.stack([_value(function, one) for one in x])
        try:
            together = _value(function, x)
            batched = _same(single, together)
        except Exception:
            batched = False
        found = cls(function, T, d, low, high, batched)
        if not _same(found(x), single):
            raise ValueError("F gives different values for the same input")
        found.check_causality()
        return found

    def __call__(self, x: Array) -> Array:
        """F for a batch of tokens, (n, T, d).

        Raises:
            ValueError: a value is not finite or has the wrong shape.
        """
        if self.batched:
            return _value(self.function, x)
        return np.stack([_value(self.function, one) for one in x]) if len(x) else np.empty(x.shape)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Inputs from the box, (n, T, d): half uniform, the rest with coordinates at the sides, ties and near ties."""
        x = rng.uniform(self.low, self.high, (n, self.T, self.d))
        quarter = n // 8
        x[:quarter] = np.where(rng.random((quarter, self.T, self.d)) < 0.5, self.low, self.high)
        ties = x[quarter : 2 * quarter]
        ties[...] = ties[:, :1] + (rng.random(ties.shape) < 0.3) * (ties - ties[:, :1])
        near = x[2 * quarter : 3 * quarter]  # tokens that differ little
        near[...] = np.clip(
            near[:, :1] + 0.05 * (self.high - self.low) * rng.standard_normal(near.shape), self.low, self.high
        )
        edge = x[3 * quarter : 4 * quarter]
        edge[...] = np.where(
            rng.random(edge.shape) < 0.3, np.where(edge > (self.low + self.high) / 2, self.high, self.low), edge
        )
        return x

    def check_causality(self, tries: int = 64) -> None:
        """Change later tokens and look at earlier outputs.

        Raises:
            NotCausalError: an earlier output changed; the message shows both inputs.
        """
        rng = np.random.default_rng(2)
        x = self.sample(tries, rng)
        for t in range(self.T - 1):
            other = x.copy()
            other[:, t + 1 :] = self.sample(tries, rng)[:, t + 1 :]
            y, z = self(x), self(other)
            scale = _rounding(y)
            moved = np.abs(y[:, : t + 1] - z[:, : t + 1]).reshape(tries, -1).max(axis=1)
            worst = int(np.argmax(moved))
            if moved[worst] > scale:
                at = int(np.argmax(np.abs(y[worst, : t + 1] - z[worst, : t + 1]).max(axis=-1)))
                raise NotCausalError(
                    f"F is not causal: the inputs {_shown(x[worst])} and {_shown(other[worst])} agree up to t = {t}, but "
                    f"F has the values {_shown(y[worst, at])} and {_shown(z[worst, at])} at t = {at}"
                )

    def dependence(self, rng: np.random.Generator, tries: int = 128) -> Array:
        """Which outputs change with which inputs, by changing one at a time: booleans (T, d, T, d), outputs first."""
        x = rng.uniform(self.low, self.high, (tries, self.T, self.d))
        y = self(x)
        least = _rounding(y)
        found = np.zeros((self.T, self.d, self.T, self.d), dtype=bool)
        for j, k in np.ndindex(self.T, self.d):
            other = x.copy()
            other[:, j, k] = rng.uniform(self.low, self.high, tries)
            found[:, :, j, k] = (np.abs(self(other) - y) > least).any(axis=0)
        return found

    def steepest(self, rng: np.random.Generator) -> tuple[float, float]:
        """The largest change of F that bisection finds between two near inputs, and their distance.

        Segments between random inputs are halved, and the half on which F changes more is kept, with any jump in it.
        """
        a, b = self.sample(256, rng), self.sample(256, rng)
        at_a, at_b = self(a), self(b)
        for _ in range(36):
            middle = (a + b) / 2
            there = self(middle)
            left = np.abs(there - at_a).max(axis=(1, 2), keepdims=True) >= np.abs(there - at_b).max(
                axis=(1, 2), keepdims=True
            )
            a, at_a = np.where(left, a, middle), np.where(left, at_a, there)
            b, at_b = np.where(left, middle, b), np.where(left, there, at_b)
        change, distance = np.abs(at_b - at_a).max(axis=(1, 2)), np.abs(b - a).max(axis=(1, 2))
        worst = int(np.argmax(change / np.maximum(distance, 1e-300)))
        return float(change[worst]), float(distance[worst])


def sup_error(
    target: CausalMap,
    network: Callable[[Array], Array],
    rng: np.random.Generator,
    samples: int = 4000,
    rounds: int = 30,
) -> dict[str, Any]:
    """The largest |network - F| over samples, and what a search from the worst of them finds.

    The search moves the 24 worst inputs at random, at ever smaller steps, and keeps what is worse.

    Returns:
        sampled and searched (the largest entry's errors), frobenius (the largest norm of a whole output), tried, worst
        (the input).
    """
    x = target.sample(samples, rng)
    error = np.abs(network(x) - target(x))
    per_input = error.max(axis=(1, 2))
    frobenius = float(np.sqrt((error**2).sum(axis=(1, 2))).max())
    worst = np.argsort(per_input)[-24:]
    best, value = x[worst], per_input[worst]
    tried = samples
    step = (target.high - target.low) / 4
    for round_ in range(rounds):
        proposal = np.repeat(best, 6, axis=0)
        mask = rng.random(proposal.shape) < (1.0 if round_ % 2 else 1.5 / proposal[0].size)
        proposal = np.clip(proposal + mask * step * rng.standard_normal(proposal.shape), target.low, target.high)
        error = np.abs(network(proposal) - target(proposal))
        tried += len(proposal)
        frobenius = max(frobenius, float(np.sqrt((error**2).sum(axis=(1, 2))).max()))
        found = error.max(axis=(1, 2)).reshape(len(best), 6)
        pick = found.argmax(axis=1)
        better = found.max(axis=1) > value
        best = np.where(
            better[:, None, None], proposal.reshape(len(best), 6, *best.shape[1:])[np.arange(len(best)), pick], best
        )
        value = np.maximum(value, found.max(axis=1))
        step *= 0.85
    return {
        "sampled": float(per_input.max()),
        "searched": float(value.max()),
        "frobenius": frobenius,
        "samples": samples,
        "tried": tried - samples,
        "worst": best[int(np.argmax(value))],
    }


def _value(function: Map, x: Array) -> Array:
    given = x.copy()
    value = np.asarray(function(given))
    if value.dtype.kind not in "fiub":
        raise ValueError(f"F must give numbers, got {value.dtype}")
    value = value.astype(np.float64)
    if value.shape == x.shape[:-1] and x.shape[-1] == 1:
        value = value[..., None]
    if value.shape != x.shape:
        raise ValueError(f"F must give an array of its input's shape {x.shape}, got {value.shape}")
    if not np.isfinite(value).all():
        raise ValueError(f"F must be finite, got {value[~np.isfinite(value)][0]} at {_shown(x)}")
    return value


def _rounding(y: Array) -> float:
    """An allowance for F's own rounding in its values y: F is unknown, so it gets 23 of the 53 bits of float64."""
    return 2.0**-30 * max(1.0, float(np.abs(y).max()))


def _same(y: Array, z: Array) -> bool:
    """Whether values are the same except for rounding: a batch may be summed in another order than one input."""
    return y.shape == z.shape and float(np.abs(y - z).max(initial=0.0)) <= _rounding(y)


def _shown(x: Array) -> str:
    return np.array2string(np.squeeze(x), precision=4, separator=", ", threshold=24, max_line_width=10**6).replace(
        "\n", ""
    )
