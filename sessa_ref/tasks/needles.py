"""Needles in a haystack: some tokens say which value belongs to which key, the others say nothing.

In the manner of RULER (Hsieh et al., 2024), whose needles are sentences and whose haystacks are text. Here a needle is
three tokens: a mark, a key, a value. The haystack is noise, a fixed cycle of symbols or random ones, and needles stand
anywhere in it, between any two of its tokens. At the end stands a question: a query token and a key, and slots if a key
has several values. A key's values are due in the order in which they were said, the first at the key, each further one
at a slot. RULER takes them in any order.

| `NEEDLES` | RULER | |
|---|---|---|
| `single` | NIAH single | one key, one value |
| `multi-key` | multikey 1 | four keys, one of which is asked for |
| `haystack-of-needles` | multikey 2 and 3 | needles alone, 32 keys |
| `multi-value` | multivalue | four values of one key |
| `multi-query` | multiquery | four keys, all asked for |

The ceiling is 1: keys of different needles are different, or the values of one key come in order. Values are drawn
without replacement, independently of everything else. Counts tell which values there are, but every assignment of them
to the needles is equally likely. So the best answer from counts is one over the number of needles, and a single needle
asks for nothing that counts do not know.
"""

from dataclasses import dataclass

import numpy as np

from sessa_ref.tasks.haystack import NOISE, hide, noise
from sessa_ref.tasks.task import Sample, Seed, check_whole_numbers, distinct, generator


@dataclass(frozen=True, kw_only=True)
class Needles:
    """The task with one kind of haystack.

    Raises:
        TypeError: a field is no whole number.
        ValueError: a field is out of its range; the message names it.
    """

    keys: int = 1
    """Keys in the haystack; at least 1."""
    values: int = 1
    """Values of each key, a needle each; at least 1."""
    queries: int = 1
    """Keys that are asked for; from 1 to keys."""
    haystack: int = 64
    """Tokens of noise; may be 0."""
    noise: str = "random"
    """What the haystack is made of: "random" symbols, or "repeated", a fixed cycle of all."""
    noise_symbols: int = 16
    """Symbols of the noise; at least 1."""
    key_symbols: int = 64
    """Possible keys; at least keys."""
    classes: int = 64
    """Possible values; at least keys values."""

    def __post_init__(self) -> None:
        check_whole_numbers(self, keys=1, values=1, queries=1, haystack=0, noise_symbols=1)
        check_whole_numbers(self, key_symbols=self.keys, classes=max(self.needles, 2))
        if self.queries > self.keys:
            raise ValueError(f"queries must be at most keys, {self.keys}, got {self.queries}")
        if self.noise not in NOISE:
            raise ValueError(f"noise must be one of {', '.join(NOISE)}, got {self.noise!r}")

    @property
    def needles(self) -> int:
        """Needles in the haystack."""
        return self.keys * self.values

    @property
    def vocabulary(self) -> int:
        """Noise, keys, values, the mark, the query and the slot, in this order."""
        return self.noise_symbols + self.key_symbols + self.classes + 3

    @property
    def mark(self) -> int:
        """The token that a needle begins with; query and slot are the next two."""
        return self.noise_symbols + self.key_symbols + self.classes

    @property
    def length(self) -> int:
        """Tokens T in a sequence."""
        return self.haystack + 3 * self.needles + (1 + self.values) * self.queries

    @property
    def chance(self) -> float:
        """1 / classes: values are uniform."""
        return 1 / self.classes

    @property
    def from_counts(self) -> float:
        """One over the number of needles."""
        return 1 / self.needles

    ceiling = 1.0

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        rng = generator(count, seed)
        keys = distinct(rng, count, self.keys, self.key_symbols)
        values = distinct(rng, count, self.needles, self.classes)
        # Needle n belongs to key n // values at first; then they are shuffled, and the values of a key keep their order.
        owners = rng.permuted(np.tile(np.arange(self.needles) // self.values, (count, 1)), axis=1)
        by_owner = np.argsort(owners, axis=1, kind="stable")
        values_of = np.take_along_axis(values, by_owner, axis=1).reshape(count, self.keys, self.values)

        needles = np.empty((count, self.needles, 3), dtype=np.int64)
        needles[:, :, 0] = self.mark
        needles[:, :, 1] = self.noise_symbols + np.take_along_axis(keys, owners, axis=1)
        needles[:, :, 2] = self.noise_symbols + self.key_symbols + values

        asked = distinct(rng, count, self.queries, self.keys)
        questions = np.full((count, self.queries, 1 + self.values), self.mark + 2)
        questions[:, :, 0] = self.mark + 1
        questions[:, :, 1] = self.noise_symbols + np.take_along_axis(keys, asked, axis=1)
        straw = noise(rng, count, self.haystack, self.noise_symbols, self.noise)
        tokens = np.concatenate(
            [hide(rng, needles, straw), questions.reshape(count, self.queries * (1 + self.values))], axis=1
        )

        begin = self.length - self.queries * (1 + self.values)
        places = (begin + np.arange(self.queries * (1 + self.values)).reshape(self.queries, -1))[:, 1:].ravel()
        answers = np.take_along_axis(values_of, asked[:, :, None], axis=1).reshape(count, self.queries * self.values)
        return Sample(tokens, np.tile(places, (count, 1)), answers)


NEEDLES = {
    "single": Needles(),
    "multi-key": Needles(keys=4),
    "haystack-of-needles": Needles(keys=32, haystack=0),
    "multi-value": Needles(values=4),
    "multi-query": Needles(keys=4, queries=4),
}
"""The tasks of the table above, with small vocabularies."""
