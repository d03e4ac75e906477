"""State tracking in a symmetric group: objects are moved about, and after every move their order is to be named.

A token is one of two moves, each as likely as the other: 0 swaps the first two objects, 1 sends every object one place
on and the last one to the front. Together they generate all permutations, S_5 with five objects. Its word problem is
complete for the circuit class NC1 (Barrington, 1989), and is the test of state tracking of Merrill, Petty and Sabharwal
(2024). Their tokens are the 120 permutations themselves; two moves keep the vocabulary small, and what counting can
reach exact.

The ceiling is 1: the moves so far determine the order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

import numpy as np
from jaxtyping import Float64, Int64

from sessa_ref.notation import Array
from sessa_ref.tasks.task import Sample, Seed, check_whole_numbers, generator


@dataclass(frozen=True, kw_only=True)
class Permutations:
    """The task on sequences of moves.

    Raises:
        TypeError: a field is no whole number.
        ValueError: a field is too small or too large; the message names it.
    """

    objects: int = 5
    """From 2 to 6."""
    length: int = 32
    """Moves in a sequence, T, an answer after each; at least 1."""

    def __post_init__(self) -> None:
        check_whole_numbers(self, objects=2, length=1)
        if self.objects > 6:
            raise ValueError(f"objects must be at most 6, got {self.objects}")

    vocabulary = 2
    """The two moves."""
    ceiling = 1.0

    @property
    def classes(self) -> int:
        """Orders of the objects, objects!; class c is the permutation that is c-th in lexicographic order."""
        return len(self._orders)

    @cached_property
    def _orders(self) -> list[tuple[int, ...]]:
        return list(permutations(range(self.objects)))

    @cached_property
    def _moves(self) -> Int64[Array, "2 classes"]:
        """The class after each move, from each class."""
        number = {order: c for c, order in enumerate(self._orders)}
        swapped = [number[(order[1], order[0], *order[2:])] for order in self._orders]
        turned = [number[(order[-1], *order[:-1])] for order in self._orders]
        return np.array([swapped, turned])

    @property
    def chance(self) -> float:
        """The likeliest order at each position, mean over positions: in the first few, few orders are possible."""
        return float(np.mean([shares.sum(axis=(0, 1)).max() for shares in self._by_counts()]))

    @property
    def from_counts(self) -> float:
        """The likeliest order at each position given the move there and how many were turns, exactly."""
        return float(np.mean([shares.max(axis=2).sum() for shares in self._by_counts()]))

    def _by_counts(self) -> Iterator[Float64[Array, "2 turns classes"]]:
        """At each position, the probabilities of the move there, the number of turns up to it and the order, together."""
        before = np.zeros((self.length + 1, self.classes))
        before[0, 0] = 1
        for _ in range(self.length):
            now = np.zeros((2, *before.shape))
            now[0][:, self._moves[0]] = before / 2
            now[1, 1:][:, self._moves[1]] = before[:-1] / 2
            yield now
            before = now.sum(axis=0)

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones. Objects begin in order, class 0.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        tokens = generator(count, seed).integers(2, size=(count, self.length))
        answers = np.empty_like(tokens)
        state = np.zeros(count, dtype=np.int64)
        for t in range(self.length):
            state = self._moves[tokens[:, t], state]
            answers[:, t] = state
        return Sample(tokens, np.tile(np.arange(self.length), (count, 1)), answers)
