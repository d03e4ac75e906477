"""Families of an attention that goes over tiles of queries and tiles of keys, and reads too few of these."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.fault import Area
from sessa_ref.faults.variations.families.numbers import TILES
from sessa_ref.faults.variations.graph import Change, Changes
from sessa_ref.faults.variations.variation import Amount, Family
from sessa_ref.notation import Array

_CAUSE = "A bound of the loop over tiles of keys that is right for tiles of one size, or for full tiles."
_FIX = "Read every tile that holds a key before the last query of the tile, and mask inside it."

_SIZES: tuple[tuple[str, str, int, int], ...] = (
    ("Half", "half as large", 1, 2),
    ("TwoThirds", "two thirds as large", 2, 3),
    ("Quarter", "a quarter as large", 1, 4),
    ("Eighth", "an eighth as large", 1, 8),
    ("LargerByHalf", "larger by half", 3, 2),
    ("Double", "twice as large", 2, 1),
)
"""Tiles of keys beside tiles of queries: label, words, and the ratio."""

Rule = Callable[[Array, Array, int], Array]
"""What is read of the past, from the numbers of the reading and the read token, and the size of a tile."""


def _up_to_first_query(t: Array, j: Array, queries: int, keys: int) -> Array:
    return j < (t // queries * queries // keys + 1) * keys


def _full_before_last_query(t: Array, j: Array, queries: int, keys: int) -> Array:
    return j < np.maximum((t // queries + 1) * queries // keys, 1) * keys


_BOUNDS: tuple[tuple[str, str, Callable[[Array, Array, int, int], Array]], ...] = (
    ("ToFirstQuery", "up to that of the tile's first query", _up_to_first_query),
    ("FullToLastQuery", "as far as they end before the tile's last query or with it, and the first one", _full_before_last_query),
)  # fmt: skip

_RULES: tuple[tuple[str, str, Rule], ...] = (
    ("TilesWithoutStarts", "{which} do not read the first key of each tile of {number}, except their own", lambda t, j, n: (j % n != 0) | (j == t)),
    ("TilesWithoutLaterStarts", "{which} do not read the first key of each tile of {number} after the first tile, except their own", lambda t, j, n: (j % n != 0) | (j == 0) | (j == t)),
    ("TilesWithoutEnds", "{which} do not read the last key of each tile of {number}, except their own", lambda t, j, n: (j % n != n - 1) | (j == t)),
    ("TilesBefore", "{which} read nothing of their own tile of {number} except, at most, themselves", lambda t, j, n: (j < t // n * n) | (j == t)),
    ("TilesTriangular", "{which} read, in every tile of {number} keys, those up to their own place in their tile", lambda t, j, n: j % n <= t % n),
    ("TilesTail", "{which} do not read keys of an incomplete last tile of {number}, unless it is the only one", lambda t, j, n: j < (j.size // n * n or j.size)),
    ("TilesTailAndItself", "{which} do not read keys of an incomplete last tile of {number}, except their own, unless it is the only one", lambda t, j, n: (j < (j.size // n * n or j.size)) | (j == t)),
)  # fmt: skip


_WHERE: tuple[tuple[str, str, Area, tuple[str, ...]], ...] = (
    ("Attention", "in the forward attention tokens", "attention", ("",)),
    ("Feedback", "in the feedback attention tokens", "feedback", ("_fb",)),
    ("Both", "in both attentions tokens", "attention", ("", "_fb")),
)


def families() -> Iterator[Family]:
    """Every rule in the forward attention, in the feedback attention and in both; hidden, or dropped after the softmax."""
    for word, which, area, kinds in _WHERE:
        for label, sentence, rule, starts in _rules():
            text = sentence.replace("{which}", which)
            text = text[0].upper() + text[1:]
            yield from _hidden_or_dropped(word, label, text, area, kinds, rule, starts)


def _hidden_or_dropped(
    word: str, label: str, text: str, area: Area, kinds: tuple[str, ...], rule: Rule, starts: tuple[int, ...]
) -> Iterator[Family]:
    def seen(amount: Amount) -> Change:
        return lambda run, v: v & rule(run.values["rows"], run.values["columns"], int(amount(run)))

    def kept(amount: Amount) -> Change:
        return lambda run, v: np.where(rule(run.values["rows"], run.values["columns"], int(amount(run))), v, 0)

    def hidden(amount: Amount) -> Changes:
        return {f"visible{kind}": seen(amount) for kind in kinds}

    def dropped(amount: Amount) -> Changes:
        return {f"alpha{kind}": kept(amount) for kind in kinds}

    yield Family(f"{word}{label}", area, f"{text}.", _CAUSE, _FIX, hidden, starts)
    if word != "Both":
        yield Family(
            f"{word}{label}Dropped", area, f"{text}; other weights are dropped after the softmax.", _CAUSE, _FIX, dropped,
            starts,
        )  # fmt: skip


def _rules() -> Iterator[tuple[str, str, Rule, tuple[int, ...]]]:
    for label, words, rule in _RULES:
        yield label, words, rule, TILES
    for bound, up_to, function in _BOUNDS:
        for size, words, over, under in _SIZES:
            if bound == "ToFirstQuery" and over % under == 0:
                continue  # all queries of a tile lie in one tile of keys
            if bound == "FullToLastQuery" and size != "Double":
                continue  # of the others, some end with each tile of queries, and the rest are unusual
            sentence = f"{{which}} read, in tiles of {{number}} queries, tiles of keys {words}, {up_to}"
            starts = tuple(n for n in TILES if n * over % under == 0)
            yield f"Tiles{size}{bound}", sentence, _of_sizes(function, over, under), starts


def _of_sizes(function: Callable[[Array, Array, int, int], Array], over: int, under: int) -> Rule:
    return lambda t, j, n: function(t, j, n, n * over // under)
