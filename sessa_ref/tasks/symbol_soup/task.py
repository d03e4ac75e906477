"""SymbolSoup itself: labels, lengths, and what can be reached."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array
from sessa_ref.tasks.symbol_soup.bags import bigram_log_likelihoods, scores_of_all_letters
from sessa_ref.tasks.symbol_soup.blocks import draw_blocks
from sessa_ref.tasks.symbol_soup.inference import Accuracy, mean_of, posterior
from sessa_ref.tasks.symbol_soup.styles import LEFT, LETTERS, RIGHT
from sessa_ref.tasks.symbol_soup.text import NAMES, join
from sessa_ref.tasks.task import Sample, Seed, check_whole_numbers, generator


@dataclass(frozen=True, kw_only=True)
class SymbolSoup:
    """The task in one range of lengths; the defaults are the published generator's.

    Raises:
        TypeError: a field is no whole number.
        ValueError: a field is too small, or no sequence is that long; the message names it.
    """

    least: int = 400
    """Tokens in a sequence, at least; 23 or more."""
    most: int = 600
    """Tokens in a sequence, at most."""

    def __post_init__(self) -> None:
        check_whole_numbers(self, least=23, most=23)
        if self._letters[0] > self._letters[1]:
            raise ValueError(
                f"most must leave room for an odd number of tokens from least, {self.least}, on, got {self.most}"
            )

    @property
    def _letters(self) -> tuple[int, int]:
        """The fewest and the most letters."""
        return (self.least - 12) // 2, (self.most - 13) // 2

    vocabulary = len(NAMES)
    """Letters, two kinds of white space, five marks and padding."""
    classes = LEFT * RIGHT
    """Label 5 l + r of the left style l and the right style r."""
    chance = 1 / (LEFT * RIGHT)

    @property
    def length(self) -> int:
        """Tokens T in a row: those of the longest sequence."""
        return 2 * self._letters[1] + 13

    @property
    def from_counts(self) -> float:
        """Of a naive Bayes classifier that counts letters, on 2,000 sequences; a better one from counts is not ruled out.

        Slow the first time: the sequences are drawn, and what classifiers reach is kept.
        """
        return measure(self, 2000, 0)["letters"].value

    @property
    def ceiling(self) -> float:
        """Of the exact posterior, on 2,000 sequences; `symbol_soup.measure` has its standard error, too.

        Slow the first time, as `from_counts`.
        """
        return measure(self, 2000, 0)["exact"].value

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        rng = generator(count, seed)
        answers = rng.integers(self.classes, size=count)
        letters = rng.integers(*self._letters, size=count, endpoint=True)
        noise = rng.integers(np.maximum(3, 3 * letters // 10), np.maximum(3, 6 * letters // 10), endpoint=True)
        left = rng.integers(1, letters - noise - 1, endpoint=True)
        right = letters - noise - left
        before = rng.integers(1, noise - 2, endpoint=True)
        between = rng.integers(1, noise - before - 1, endpoint=True)

        left_first = rng.random(count) < 0.5
        styles = np.stack([answers // RIGHT, LEFT + answers % RIGHT])
        sizes = np.stack([left, right])
        styles, sizes = (np.where(left_first, pair, pair[::-1]) for pair in (styles, sizes))
        lengths = np.stack([before, sizes[0], between, sizes[1], noise - before - between], axis=1)
        straw = (rng.integers(LETTERS, size=(count, int(noise.max(initial=0)))) for _ in range(3))
        styled = draw_blocks(rng, styles.ravel(), sizes.ravel())
        blocks = [next(straw), styled[:count], next(straw), styled[count:], next(straw)]
        tokens, positions = join(blocks, lengths, self.length)
        return Sample(tokens, positions[:, None], answers[:, None])


@lru_cache
def measure(task: SymbolSoup, count: int, seed: int) -> dict[str, Accuracy]:
    """What classifiers reach on `count` sequences.

    `exact` is the exact posterior's: the mean of its largest probability. That varies less than the share of right
    answers, `exact, right answers`, and both estimate the same. The others are shares of right answers: `block pairs`
    counts pairs of neighbours in the two styled blocks, `pairs` and `letters` count in whole sequences.

    Raises:
        ValueError: `count` is below 2, or `seed` is negative.
    """
    if count < 2:
        raise ValueError(f"count must be at least 2, got {count}")
    parts = [_measure(task, min(_AT_ONCE, count - start), [seed, start]) for start in range(0, count, _AT_ONCE)]
    return {name: mean_of(np.concatenate([part[name] for part in parts])) for name in parts[0]}


_AT_ONCE = 500  # sequences, to save memory


def _measure(task: SymbolSoup, count: int, seed: list[int]) -> dict[str, Float64[Array, " count"]]:
    sample = task.sample(count, seed)
    exact = posterior(sample.tokens)
    scores = {
        "exact, right answers": exact,
        "block pairs": posterior(sample.tokens, bigram_log_likelihoods),
        "pairs": scores_of_all_letters(sample.tokens, 2),
        "letters": scores_of_all_letters(sample.tokens, 1),
    }
    right = {name: (each.argmax(axis=1) == sample.answers[:, 0]).astype(float) for name, each in scores.items()}
    return {"exact": exact.max(axis=1), **right}
