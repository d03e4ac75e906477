"""Selective copying: symbols stand scattered among blanks, and are to be repeated in their order.

The task of Gu and Dao (2024): the symbols stand at different places in each sequence, so that no fixed
distance leads to them. A sequence is `memory` tokens, `copied` of them symbols and the rest blank, and then as
many slots; at slot i the i-th symbol is due.

Chance is one over the size of the alphabet, and the ceiling is 1: the symbols can be read off. Counts tell which
symbols there are, but not in which order. Symbols are drawn independently, so that given the counts every order is
equally likely, and the most frequent symbol is the best answer at every slot.
"""

from dataclasses import dataclass

import numpy as np

from sessa_ref.tasks.counts import expected_largest_count
from sessa_ref.tasks.task import Sample, Seed, check_whole_numbers, distinct, generator


@dataclass(frozen=True, kw_only=True)
class SelectiveCopying:
    """The task with one alphabet and one length.

    Raises:
        TypeError: a field is no whole number.
        ValueError: a field is too small, or there are more symbols to copy than places; the message names it.
    """

    memory: int = 64
    """Tokens before the slots."""
    copied: int = 8
    """Symbols to copy; at least 1, at most `memory`."""
    symbols: int = 16
    """Size of the alphabet; at least 2."""

    def __post_init__(self) -> None:
        check_whole_numbers(self, memory=1, copied=1, symbols=2)
        if self.copied > self.memory:
            raise ValueError(f"copied must be at most memory, {self.memory}, got {self.copied}")

    @property
    def vocabulary(self) -> int:
        """Symbols, the blank and the slot, in this order."""
        return self.symbols + 2

    @property
    def classes(self) -> int:
        """Symbols."""
        return self.symbols

    @property
    def blank(self) -> int:
        """The blank token."""
        return self.symbols

    @property
    def slot(self) -> int:
        """The slot token."""
        return self.symbols + 1

    @property
    def length(self) -> int:
        """Tokens T in a sequence, memory + copied."""
        return self.memory + self.copied

    @property
    def chance(self) -> float:
        """1 / symbols: answers are uniform."""
        return 1 / self.symbols

    @property
    def from_counts(self) -> float:
        """The expected share of the most frequent symbol, exactly."""
        return expected_largest_count(self.copied, self.symbols) / self.copied

    ceiling = 1.0

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        rng = generator(count, seed)
        answers = rng.integers(self.symbols, size=(count, self.copied))
        tokens = np.full((count, self.length), self.blank)
        tokens[:, self.memory :] = self.slot
        places = np.sort(distinct(rng, count, self.copied, self.memory), axis=1)
        np.put_along_axis(tokens, places, answers, axis=1)
        return Sample(tokens, np.tile(np.arange(self.memory, self.length), (count, 1)), answers)
