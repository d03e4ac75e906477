"""Diffuse MQAR: recall by keys of several tokens, among distractors that begin like them.

The Sessa paper evaluates on a benchmark of this name (section 5.1.1). It has published no generator, and no sizes.

What the paper says: keys have several tokens; distractors share prefixes with keys and have other suffixes; the lag
from source to query is controlled; a block of key-value pairs comes first, then a noise block of distractors that look
like pairs, then a block of queries; tests go up to four times the lags of the training.

Everything else is our choice. An entry is four tokens, three of the key and one of the value. Keys are different from
each other. A distractor takes a random key's first one or two symbols, one or two with equal probability, draws the
others so that the next one differs, and is drawn again as long as it is one of the keys. Values are independent and
uniform, those of distractors, too. A query is the three symbols of a key and a slot, where the value is due; each key
is asked once, in random order. The lag of a query, from the value to the slot, is on average `lag`; the noise block is
as long as that takes.

The ceiling is 1: a key stands once among all entries before the queries, and its value behind it. Counts tell which
values there are, but given the keys every assignment of these values to the entries is equally likely. So the best
answer from counts is the most frequent value.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from sessa_ref.notation import Array
from sessa_ref.tasks.counts import expected_largest_count
from sessa_ref.tasks.task import Sample, Seed, check_whole_numbers, distinct, generator

_KEY, _ENTRY = 3, 4  # tokens


@dataclass(frozen=True, kw_only=True)
class DiffuseMQAR:
    """The task at one lag.

    Raises:
        TypeError: a field is no whole number.
        ValueError: a field is out of its range; the message names it.
    """

    lag: int = 128
    """Tokens from a value to the slot of its query, on average; a multiple of 4, at least 4 pairs."""
    pairs: int = 8
    """Keys with a value; at least 1."""
    symbols: int = 32
    """Alphabet of the keys; at least 2."""
    classes: int = 512
    """Number of possible values; at least 2."""

    def __post_init__(self) -> None:
        check_whole_numbers(self, lag=1, pairs=1, symbols=2, classes=2)
        if self.lag % _ENTRY or self.lag < _ENTRY * self.pairs:
            least = _ENTRY * self.pairs
            raise ValueError(f"lag must be a multiple of 4 and at least 4 pairs, {least}, got {self.lag}")
        most = self.symbols * (self.symbols - 1)  # so that every key has a distractor that is no key
        if self.pairs > most:
            raise ValueError(f"pairs must be at most symbols (symbols - 1), {most}, got {self.pairs}")

    @property
    def vocabulary(self) -> int:
        """Symbols, values and the slot, in this order."""
        return self.symbols + self.classes + 1

    @property
    def slot(self) -> int:
        """The slot token."""
        return self.symbols + self.classes

    @property
    def distractors(self) -> int:
        """Entries of the noise block."""
        return self.entries - self.pairs

    @property
    def entries(self) -> int:
        """Entries before the queries, with keys and of distractors."""
        return self.lag // _ENTRY

    @property
    def length(self) -> int:
        """Tokens T in a sequence."""
        return _ENTRY * (self.entries + self.pairs)

    @property
    def chance(self) -> float:
        """1 / classes: values are uniform."""
        return 1 / self.classes

    @property
    def from_counts(self) -> float:
        """The expected share of the most frequent value in all entries, exactly."""
        return expected_largest_count(self.entries, self.classes) / self.entries

    ceiling = 1.0

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        rng = generator(count, seed)
        keys = self._symbols(distinct(rng, count, self.pairs, self.symbols**_KEY))
        values = rng.integers(self.classes, size=(count, self.entries))
        order = distinct(rng, count, self.pairs, self.pairs)

        tokens = np.empty((count, self.length // _ENTRY, _ENTRY), dtype=np.int64)
        tokens[:, : self.pairs, :_KEY] = keys
        tokens[:, self.pairs : self.entries, :_KEY] = self._distractors(rng, keys)
        tokens[:, : self.entries, _KEY] = self.symbols + values
        tokens[:, self.entries :, :_KEY] = np.take_along_axis(keys, order[:, :, None], axis=1)
        tokens[:, self.entries :, _KEY] = self.slot
        slots = np.arange(self.lag + _KEY, self.length, _ENTRY)
        return Sample(
            tokens.reshape(count, self.length), np.tile(slots, (count, 1)), np.take_along_axis(values, order, axis=1)
        )

    def _symbols(self, codes: Int64[Array, "*shape"]) -> Int64[Array, "*shape 3"]:
        return codes[..., None] // self.symbols ** np.arange(_KEY)[::-1] % self.symbols

    def _distractors(
        self, rng: np.random.Generator, keys: Int64[Array, "count pairs 3"]
    ) -> Int64[Array, "count distractors 3"]:
        found = np.empty((len(keys), self.distractors, _KEY), dtype=np.int64)
        todo = np.ones(found.shape[:2], dtype=bool)
        while todo.any():
            rows = np.nonzero(todo)[0]
            new = keys[rows, rng.integers(self.pairs, size=len(rows))]
            kept = rng.integers(1, _KEY, size=len(rows))
            other = (new[np.arange(len(rows)), kept] + rng.integers(1, self.symbols, size=len(rows))) % self.symbols
            last = rng.integers(self.symbols, size=len(rows))
            new[np.arange(len(rows)), kept] = other
            new[kept == 1, 2] = last[kept == 1]
            found[todo] = new
            todo[todo] = _is_key(new, keys[rows])
        return found


def _is_key(one: Int64[Array, "rows 3"], keys: Int64[Array, "rows pairs 3"]) -> Bool[Array, " rows"]:
    return (one[:, None] == keys).all(axis=2).any(axis=1)
