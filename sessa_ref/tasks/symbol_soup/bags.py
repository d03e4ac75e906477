"""Classifiers of SymbolSoup: what counting reaches, without a model of motifs and replaced letters.

They count letters or pairs of letters. Their tables are frequencies in long blocks of each style, drawn once with a
fixed seed.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Int64

from sessa_ref.notation import Array
from sessa_ref.tasks.symbol_soup.blocks import draw_blocks
from sessa_ref.tasks.symbol_soup.styles import LEFT, LETTERS, STYLES
from sessa_ref.tasks.symbol_soup.text import split

_BLOCKS, _LENGTH = 200, 500


@lru_cache
def _pairs() -> Float64[Array, "9 16 16"]:
    """The probability of each pair of neighbours in each style."""
    styles = np.repeat(np.arange(len(STYLES)), _BLOCKS)
    letters = draw_blocks(np.random.default_rng(0), styles, np.full(len(styles), _LENGTH))
    codes = letters[:, :-1] * LETTERS + letters[:, 1:]
    counts = [np.bincount(codes[styles == style].ravel(), minlength=LETTERS**2) for style in range(len(STYLES))]
    return np.array(counts).reshape(-1, LETTERS, LETTERS) / (_BLOCKS * (_LENGTH - 1))


def bigram_log_likelihoods(
    letters: Int64[Array, "blocks longest"], lengths: Int64[Array, " blocks"]
) -> Float64[Array, "blocks 9"]:
    """Of the letters of each block in each style, as if every letter depended on the one before alone."""
    pairs = _pairs()
    singles = pairs.sum(axis=2)
    after = np.log(pairs / singles[:, :, None])
    inside = np.arange(1, letters.shape[1]) < lengths[:, None]
    steps = np.where(inside, after[:, letters[:, :-1], letters[:, 1:]], 0).sum(axis=2)
    return (np.log(singles[:, letters[:, 0]]) + steps).T


def scores_of_all_letters(tokens: Int64[Array, "count T"], width: int = 1) -> Float64[Array, "count 20"]:
    """Scores of the labels from how often each letter, or each pair of neighbours, occurs in a sequence, wherever it stands.

    As if every letter came from the mean of both styles and noise, with shares of 0.275, 0.275 and 0.45, which are
    those of an average sequence.

    Args:
        tokens: sequences of the task.
        width: 1 for letters, 2 for pairs.
    """
    letters, lengths = split(tokens)
    tables = _pairs().sum(axis=2) if width == 1 else _pairs().reshape(len(STYLES), -1)
    codes = letters if width == 1 else letters[:, :, :-1] * LETTERS + letters[:, :, 1:]
    codes = codes + tables.shape[1] * np.arange(len(codes))[:, None, None]
    inside = np.arange(width - 1, letters.shape[2]) < lengths[:, :, None]
    counts = np.bincount(codes[inside], minlength=len(tokens) * tables.shape[1]).reshape(len(tokens), -1)
    mixed = 0.275 * (tables[:LEFT, None] + tables[None, LEFT:]) + 0.45 / tables.shape[1]
    return counts @ np.log(mixed.reshape(-1, tables.shape[1])).T
