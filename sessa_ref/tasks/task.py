"""What all tasks have in common: what a sample is, what a task tells of itself, and how its fields are checked."""

import operator
from dataclasses import dataclass
from typing import Protocol, SupportsIndex

import numpy as np
from jaxtyping import Int64

from sessa_ref.notation import Array

Seed = int | list[int] | np.random.Generator
"""What `numpy.random.default_rng` takes, but None; a generator goes on from where it is."""


@dataclass(frozen=True)
class Sample:
    """Sequences, and what is to be said where."""

    tokens: Int64[Array, "count T"]
    """In 0 .. vocabulary - 1."""
    positions: Int64[Array, "count answers"]
    """Where answers are due, in 0 .. T - 1, ascending in each row. An answer follows from the tokens up to its position."""
    answers: Int64[Array, "count answers"]
    """In 0 .. classes - 1."""

    def __getitem__(self, rows: slice) -> "Sample":
        """Some of the sequences."""
        return Sample(self.tokens[rows], self.positions[rows], self.answers[rows])


class Task(Protocol):
    """A task. Accuracies are means over all answers of a sequence, and over sequences."""

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        ...

    @property
    def classes(self) -> int:
        """Number of answers to choose from."""
        ...

    @property
    def length(self) -> int:
        """Tokens T in a sequence."""
        ...

    @property
    def chance(self) -> float:
        """Accuracy of the best guess that sees the position of an answer, and no token."""
        ...

    @property
    def from_counts(self) -> float:
        """Accuracy of the best answer from counts.

        They are how often each token occurred up to the answer's position; the token there is known, but no order.
        """
        ...

    @property
    def ceiling(self) -> float:
        """Accuracy of the best answer by someone who sees all tokens up to the answer's position."""
        ...

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        ...


def check_whole_numbers(task: object, **least: int) -> None:
    """Check that these fields are whole numbers and not too small.

    Raises:
        TypeError: a field is no whole number.
        ValueError: a field is below its least value; the message names it.
    """
    for name, smallest in least.items():
        check_whole_number(name, getattr(task, name), smallest)


def check_whole_number(name: str, value: object, least: int) -> None:
    """Check that a value is a whole number and not too small.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is below its least value.
    """
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if operator.index(value) < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def generator(count: int, seed: Seed) -> np.random.Generator:
    """The random numbers of a sample of `count` sequences.

    Raises:
        TypeError: `count` is no whole number.
        ValueError: `count` or `seed` is negative, or `seed` is None.
    """
    check_whole_number("count", count, 0)
    if seed is None:  # with which numpy would draw other numbers each time
        raise ValueError("seed must be a whole number, at least 0, or a list of them, got None")
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(f"seed must be a whole number, at least 0, or a list of them, got {seed!r}") from None


def distinct(rng: np.random.Generator, count: int, size: int, choices: int) -> Int64[Array, "count size"]:
    """In each row `size` distinct numbers of 0 .. choices - 1, in random order; all such rows are equally likely."""
    rows = [rng.choice(choices, size, replace=False) for _ in range(count)]
    return np.array(rows, dtype=np.int64).reshape(count, size)
