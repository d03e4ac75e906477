"""Marked recall: one token of a sequence is marked, and is to be named `lag` tokens later.

Every symbol has two tokens, a plain one and a marked one. A sequence is drawn from the plain ones. Then one position is
drawn, its token becomes marked, and `lag` tokens later stands the query token. The answer is the marked symbol. Chance
is one over the number of symbols, and the ceiling is 1: the marked token is the only one, and it determines the answer.

It asks for memory over a distance, and for nothing else. Order does not matter: whoever counts all tokens so far,
marked and plain ones apart, knows the answer. Whoever sees only the last `lag` tokens can only guess.
"""

from dataclasses import dataclass

import numpy as np

from sessa_ref.tasks.task import Sample, Seed, check_whole_numbers, generator


@dataclass(frozen=True, kw_only=True)
class MarkedRecall:
    """The task at one lag.

    Raises:
        TypeError: a field is no whole number.
        ValueError: a field is too small; the message names it.
    """

    lag: int
    """Tokens from the marked one to the query; at least 1."""
    symbols: int = 32
    """Size of the alphabet; at least 2."""
    starts: int = 16
    """Where the marked token may stand: at one of the first `starts` positions, each equally likely. At least 1."""

    def __post_init__(self) -> None:
        check_whole_numbers(self, lag=1, symbols=2, starts=1)

    @property
    def vocabulary(self) -> int:
        """Number of tokens: two for each symbol, and the query."""
        return 2 * self.symbols + 1

    @property
    def classes(self) -> int:
        """Symbols."""
        return self.symbols

    @property
    def query(self) -> int:
        """The query token."""
        return 2 * self.symbols

    @property
    def length(self) -> int:
        """Tokens T in a sequence, lag + starts: the latest query is the last token."""
        return self.lag + self.starts

    @property
    def chance(self) -> float:
        """Accuracy of a guess, 1 / symbols: answers are uniform."""
        return 1 / self.symbols

    from_counts = 1.0
    """Only one marked token has occurred, and it says which."""
    ceiling = 1.0
    """Of perfect memory."""

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones. What follows a query is noise, too.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        rng = generator(count, seed)
        tokens = rng.integers(self.symbols, size=(count, self.length))
        marks = rng.integers(self.starts, size=count)
        rows, queries = np.arange(count), marks + self.lag
        answers = tokens[rows, marks]
        tokens[rows, marks] += self.symbols
        tokens[rows, queries] = self.query
        return Sample(tokens, queries[:, None], answers[:, None])
