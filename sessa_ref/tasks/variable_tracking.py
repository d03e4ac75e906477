"""Variable tracking: chains of assignments, X1 = value, X2 = X1, X3 = X2 and so on; what is the last one's value?

In the manner of RULER (Hsieh et al., 2024), whose default is one chain and which asks for the names of all variables
with its value. With one chain all names are the answer, so that here there are several, and the question is for the
value of a chain's last variable. A statement is three tokens: a mark, a name, and its source, which is a value or an
earlier name. Statements of a chain stand in order; chains are mixed at random, and so are statements and noise. At the
end stand a query token and the name, where the value is due.

The ceiling is 1: names are different, so that one statement leads to the next. Values are drawn without replacement,
independently of everything else. Counts tell which values there are and nothing about which is whose: one over the
number of chains.
"""

from dataclasses import dataclass

import numpy as np

from sessa_ref.tasks.haystack import NOISE, hide, noise
from sessa_ref.tasks.task import Sample, Seed, check_whole_numbers, distinct, generator


@dataclass(frozen=True, kw_only=True)
class VariableTracking:
    """The task with one number of hops.

    Raises:
        TypeError: a field is no whole number.
        ValueError: a field is out of its range; the message names it.
    """

    chains: int = 4
    """At least 1."""
    hops: int = 4
    """Statements that copy a variable, after the first; may be 0."""
    haystack: int = 64
    """Tokens of noise; may be 0."""
    noise: str = "random"
    """What the haystack is made of: "random" symbols, or "repeated", a fixed cycle of all."""
    noise_symbols: int = 16
    """Symbols of the noise; at least 1."""
    names: int = 64
    """Possible names; at least chains (hops + 1)."""
    classes: int = 64
    """Possible values; at least chains."""

    def __post_init__(self) -> None:
        check_whole_numbers(self, chains=1, hops=0, haystack=0, noise_symbols=1)
        check_whole_numbers(self, names=self.statements, classes=max(self.chains, 2))
        if self.noise not in NOISE:
            raise ValueError(f"noise must be one of {', '.join(NOISE)}, got {self.noise!r}")

    @property
    def statements(self) -> int:
        """Of all chains."""
        return self.chains * (self.hops + 1)

    @property
    def vocabulary(self) -> int:
        """Noise, names, values, the mark and the query, in this order."""
        return self.noise_symbols + self.names + self.classes + 2

    @property
    def mark(self) -> int:
        """The token that a statement begins with; the query is the next."""
        return self.noise_symbols + self.names + self.classes

    @property
    def length(self) -> int:
        """Tokens T in a sequence."""
        return self.haystack + 3 * self.statements + 2

    @property
    def chance(self) -> float:
        """1 / classes: values are uniform."""
        return 1 / self.classes

    @property
    def from_counts(self) -> float:
        """One over the number of chains."""
        return 1 / self.chains

    ceiling = 1.0

    def sample(self, count: int, seed: Seed) -> Sample:
        """`count` independent sequences; with equal seeds, equal ones.

        Raises:
            ValueError: `count` or `seed` is negative.
        """
        rng = generator(count, seed)
        names = self.noise_symbols + distinct(rng, count, self.statements, self.names)
        names = names.reshape(count, self.chains, self.hops + 1)
        values = distinct(rng, count, self.chains, self.classes)
        sources = np.empty_like(names)
        sources[:, :, 0] = self.noise_symbols + self.names + values
        sources[:, :, 1:] = names[:, :, :-1]

        # Which chain every statement belongs to; a stable sort finds the place of each chain's first, second, ... one.
        owners = rng.permuted(np.tile(np.repeat(np.arange(self.chains), self.hops + 1), (count, 1)), axis=1)
        places = np.argsort(owners, axis=1, kind="stable")
        statements = np.full((count, self.statements, 3), self.mark)
        rows = np.arange(count)[:, None]
        statements[rows, places, 1] = names.reshape(count, self.statements)
        statements[rows, places, 2] = sources.reshape(count, self.statements)

        asked = rng.integers(self.chains, size=count)
        question = np.stack([np.full(count, self.mark + 1), names[np.arange(count), asked, -1]], axis=1)
        straw = noise(rng, count, self.haystack, self.noise_symbols, self.noise)
        tokens = np.concatenate([hide(rng, statements, straw), question], axis=1)
        return Sample(tokens, np.full((count, 1), self.length - 1), values[np.arange(count), asked][:, None])
