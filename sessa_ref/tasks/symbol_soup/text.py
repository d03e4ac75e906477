"""A sequence of SymbolSoup: how five blocks of letters become tokens, and how they are found in them."""

from typing import Final

import numpy as np
from jaxtyping import Int64

from sessa_ref.notation import Array
from sessa_ref.tasks.symbol_soup.styles import LETTERS

SPACE, NEWLINE, BOS, SEP1, SEP2, SEP, LABEL, PADDING = range(LETTERS, LETTERS + 8)
"""The tokens that are no letters."""
NAMES: Final = [*"abcdefghijklmnop", " ", "\n", "<bos>", "<sep1>", "<sep2>", "<sep>", "<label>", ""]
"""How the published file writes each token; padding is not in it."""
_MARKS = [SEP1, SEP2, SEP1, SEP2, SEP]


def join(
    blocks: list[Int64[Array, "count _"]], lengths: Int64[Array, "count 5"], length: int
) -> tuple[Int64[Array, "count T"], Int64[Array, " count"]]:
    """The tokens of sequences, and the positions of `<label>`; the rest is padding.

    Every second token is white space. The others are `<bos>`, letters and marks: letter i of all, in block b, is the
    (1 + i + b)-th of them.
    """
    count = len(lengths)
    words = np.full((count, (length + 1) // 2), PADDING)
    rows = np.arange(count)
    words[:, 0] = BOS
    begin = np.ones(count, dtype=np.int64)
    for block, size, mark in zip(blocks, lengths.T, _MARKS, strict=True):
        row, column = np.nonzero(np.arange(block.shape[1]) < size[:, None])
        words[row, begin[row] + column] = block[row, column]
        words[rows, begin + size] = mark
        begin = begin + size + 1
    words[rows, begin] = LABEL

    tokens = np.full((count, length), PADDING)
    tokens[:, ::2] = words[:, : (length + 1) // 2]
    letter = words < LETTERS
    space = (letter[:, :-1] & letter[:, 1:]) | (words[:, 1:] == LABEL)
    white = np.where(space, SPACE, np.where(words[:, 1:] == PADDING, PADDING, NEWLINE))
    tokens[:, 1::2] = white[:, : length // 2]
    return tokens, 2 * begin


def split(tokens: Int64[Array, "count T"]) -> tuple[Int64[Array, "count 5 longest"], Int64[Array, "count 5"]]:
    """The letters of the five blocks of every sequence, 0 behind their ends, and how many there are.

    Raises:
        ValueError: a sequence does not have the five marks, or one of its blocks is empty.
    """
    words = tokens[:, ::2]
    marks = np.isin(words, _MARKS)
    if not np.array_equal(words[marks], np.tile(_MARKS, len(words))):
        raise ValueError(f"tokens must have the marks {' '.join(NAMES[mark] for mark in _MARKS)} in this order")
    ends = np.nonzero(marks)[1].reshape(-1, 5)
    begins = np.concatenate([np.ones((len(words), 1), dtype=np.int64), ends[:, :-1] + 1], axis=1)
    lengths = ends - begins
    if lengths.size and lengths.min() < 1:
        raise ValueError("tokens must have at least one letter in each of the five blocks")
    columns = np.arange(lengths.max(initial=0))
    places = np.minimum(begins[:, :, None] + columns, words.shape[1] - 1)
    letters = np.take_along_axis(words[:, None], places, axis=2)
    return np.where(columns < lengths[:, :, None], letters, 0), lengths
