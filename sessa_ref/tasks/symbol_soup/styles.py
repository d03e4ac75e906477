"""The styles of SymbolSoup: how likely letters, pairs of letters and motifs are in each."""

import random
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from sessa_ref.notation import Array

LETTERS: Final = 16
"""Letters a to p, tokens 0 .. 15."""
START: Final = LETTERS
"""Stands for the letter before the first one, where there is none."""
LEFT, RIGHT = 4, 5
"""Styles of the two families."""
MOTIF_SHARE = 0.3
"""Probability of a motif where one fits."""
FLIP_SHARE = 0.03
"""Probability that a letter is replaced by another one, each other letter equally likely."""
MOTIF_LENGTHS: Final = (3, 4, 5)
MOTIFS: Final = [(start, size) for size in MOTIF_LENGTHS for start in range(LETTERS - size + 1)]
"""Runs of neighbouring letters, abc to lmnop: the first letter and the length, shorter ones first."""


@dataclass(frozen=True)
class Style:
    """One style."""

    letters: Float64[Array, "17 16"]
    """Probability of a letter after each letter; the last row is that of the first letter of a block."""
    motifs: Float64[Array, " 39"]
    """Weight of each motif, in the order of `MOTIFS`. Those that fit are drawn in proportion."""


def _style(rng: random.Random) -> Style:
    order = list(range(LETTERS))
    rng.shuffle(order)
    primary, secondary = order[:4], order[4:8]
    weights = np.ones(LETTERS)
    weights[primary] = 3
    weights[secondary] = 2
    after = np.tile(weights, (LETTERS + 1, 1))
    preferred = [(p, primary[(i + 1) % 4]) for i, p in enumerate(primary)]
    preferred += [(letter, letter) for letter in order[:8]]
    preferred += [pair for p, s in zip(primary, secondary, strict=True) for pair in ((p, s), (s, p))]
    for pair in preferred:
        after[pair] *= 4
    motifs = [
        1 + 0.9 * len(run & set(primary)) + 0.5 * len(run & set(secondary))
        for run in (set(range(start, start + size)) for start, size in MOTIFS)
    ]
    return Style(after / after.sum(axis=1, keepdims=True), np.array(motifs))


def _family(number: int, seed: int) -> list[Style]:
    rng = random.Random(seed)  # Python's own generator: the published styles are its shuffles
    return [_style(rng) for _ in range(number)]


STYLES: Final = [*_family(LEFT, 123), *_family(RIGHT, 456)]
"""The four left styles, then the five right ones."""


def fitting(remaining: int) -> int:
    """How many of `MOTIFS` fit into so many letters: the first 0, 14, 27 or 39."""
    return sum(size <= remaining for _, size in MOTIFS)


LAST_LETTERS: Final[Int64[Array, " 39"]] = np.array([start + size - 1 for start, size in MOTIFS])
"""The letter that each motif ends with."""
