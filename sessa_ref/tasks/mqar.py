"""Multi-query associative recall (MQAR): pairs of a key and a value, then keys alone, whose values are to be named.

The process of Arora et al., "Zoology" (2024), as their generator has it. The first half of the vocabulary, without
token 0, are keys, the second half values. A sequence begins with `pairs` pairs k v, keys and values drawn without
replacement. Then every key comes once more, as a query at an even distance 2 g behind the pairs, 0 <= g < (length - 2
pairs) / 2. The distances of a sequence are drawn without replacement, one after the other, with probabilities in
proportion to (g + 1)^(power - 1), so that most are short. The value is due at the query. All other tokens are fillers:
uniform over the whole vocabulary, or token 0.

The ceiling is 1 with either filler. A filler may equal a key, but nothing is asked there, and a query's key has stood
in the first 2 pairs tokens, where it is the only one of its kind: the value stands behind its first occurrence.

Counts tell which values have occurred, but not with which key. With blank fillers these are the `pairs` values, one as
good as another. With random ones some of the values that occurred are fillers. For a set S of `pairs` values, the
probability that it is the right one is in proportion to the product of the counts in S, so that a value belongs to it
with probability n e(others) / e(all), with n its count and e elementary symmetric polynomials of the counts.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Int64

from sessa_ref.notation import Array
from sessa_ref.tasks.task import Sample, Seed, check_whole_numbers, distinct, generator


@dataclass(frozen=True, kw_only=True)
class MQAR:
    """The task; the defaults are the shortest setting of the paper's Figure 2.

    Raises:
        TypeError: a field is no whole number, or `power` no number.
        ValueError: a field is out of its range; the message names it.
    """

    vocabulary: int = 8192
    """Number of tokens; large enough for `pairs` keys and values."""
    length: int = 64
    """Tokens T in a sequence; even, at least 4 pairs."""
    pairs: int = 4
    """Pairs of a key and a value; at least 1."""
    random_fillers: bool = True
    """Fillers are uniform over the vocabulary; else they are token 0."""
    power: float = 0.01
    """1 makes all distances equally likely; the nearer to 0, the more are short. Positive."""

    def __post_init__(self) -> None:
        check_whole_numbers(self, vocabulary=4, length=4, pairs=1)
        if isinstance(self.power, bool) or not isinstance(self.power, int | float):
            raise TypeError(f"power must be a number, got {self.power!r}")
        if not 0 < self.power < float("inf"):
            raise ValueError(f"power must be positive and finite, got {self.power}")
        if not isinstance(self.random_fillers, bool):
            raise TypeError(f"random_fillers must be True or False, got {self.random_fillers!r}")
        if self.length % 2 or self.length < 4 * self.pairs:
            raise ValueError(f"length must be even and at least 4 pairs, {4 * self.pairs}, got {self.length}")
        if self.keys < self.pairs:
            raise ValueError(
                f"vocabulary must be at least 2 (pairs + 1), {2 * (self.pairs + 1)}, got {self.vocabulary}"
            )

    @property
    def keys(self) -> int:
        """Number of possible keys, tokens 1 .. keys."""
        return self.vocabulary // 2 - 1

    @property
    def first_value(self) -> int:
        """The token of class 0; values are the tokens from here on."""
        return self.vocabulary // 2

    @property
    def classes(self) -> int:
        """Number of possible values."""
        return self.vocabulary - self.first_value

    @property
    def chance(self) -> float:
        """1 / classes: values are uniform."""
        return 1 / self.classes

    @property
    def from_counts(self) -> float:
        """1 / pairs with blank fillers; with random ones an estimate from 250 sequences, at most 1 / pairs."""
        return _from_counts(self, 250)[0] if self.random_fillers else 1 / self.pairs

    ceiling = 1.0

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        rng = generator(count, seed)
        begin = 2 * self.pairs
        keys = 1 + distinct(rng, count, self.pairs, self.keys)
        values = self.first_value + distinct(rng, count, self.pairs, self.classes)
        tokens = np.zeros((count, self.length), dtype=np.int64)
        if self.random_fillers:
            tokens = rng.integers(self.vocabulary, size=(count, self.length))
        tokens[:, 0:begin:2] = keys
        tokens[:, 1:begin:2] = values
        # The order of exponential waiting times with these rates is that of draws without replacement.
        weights = np.arange(1, (self.length - begin) // 2 + 1) ** (self.power - 1)
        waits = rng.exponential(size=(count, len(weights))) / weights
        positions = begin + 2 * waits.argsort(axis=1)[:, : self.pairs]
        np.put_along_axis(tokens, positions, keys, axis=1)
        order = positions.argsort(axis=1)
        return Sample(
            tokens,
            np.take_along_axis(positions, order, axis=1),
            np.take_along_axis(values, order, axis=1) - self.first_value,
        )


@lru_cache
def _from_counts(task: MQAR, count: int) -> tuple[float, float]:
    """The accuracy from counts, from the exact posterior on `count` sequences, and its standard error."""
    sample = task.sample(count, 0)
    found = np.empty((count, task.pairs))
    for row, (tokens, positions) in enumerate(zip(sample.tokens, sample.positions, strict=True)):
        for query, position in enumerate(positions):
            seen = tokens[: position + 1]
            counts = np.unique(seen[seen >= task.first_value], return_counts=True)[1]
            found[row, query] = likeliest_value(counts, task.pairs)
    each = found.mean(axis=1)
    return float(each.mean()), float(each.std() / np.sqrt(count))


def likeliest_value(counts: Int64[Array, " values"], pairs: int) -> float:
    """The probability that the value with the largest count is the one that is asked for: (1 / pairs) n e_{pairs - 1} / e_pairs."""
    counts = np.sort(counts)[::-1].astype(float)
    others = _symmetric(counts[1:], pairs)
    belongs = counts[0] * others[pairs - 1]
    return float(belongs / (belongs + others[pairs]) / pairs)


def _symmetric(numbers: Float64[Array, " values"], degree: int) -> Float64[Array, " degrees"]:
    """The elementary symmetric polynomials of degrees 0 .. degree."""
    e = np.zeros(degree + 1)
    e[0] = 1
    for number in numbers:
        e[1:] += number * e[:-1]
    return e
