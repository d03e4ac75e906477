"""Parity: after every bit, is the number of ones so far odd?

The smallest state that has to be tracked. Chance is 1/2: bits are fair, and so is every parity. The ceiling is 1. A
count of ones has the answer in it, so that counts alone reach the ceiling as well; a classifier that is linear in the
counts does not.
"""

from dataclasses import dataclass

import numpy as np

from sessa_ref.tasks.task import Sample, Seed, check_whole_numbers, generator


@dataclass(frozen=True, kw_only=True)
class Parity:
    """The task on sequences of fair bits.

    Raises:
        TypeError: a field is no whole number.
        ValueError: a field is too small; the message names it.
    """

    length: int = 64
    """Bits in a sequence, T, an answer at each; at least 1."""

    def __post_init__(self) -> None:
        check_whole_numbers(self, length=1)

    vocabulary = 2
    """Bits."""
    classes = 2
    """Even is 0, odd 1."""
    chance = 0.5
    from_counts = 1.0
    """Parity is a function of the number of ones."""
    ceiling = 1.0

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        tokens = generator(count, seed).integers(2, size=(count, self.length))
        positions = np.tile(np.arange(self.length), (count, 1))
        return Sample(tokens, positions, tokens.cumsum(axis=1) % 2)
