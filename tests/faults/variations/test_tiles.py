"""What is read of the past by loops over tiles, written out as loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.faults.variations.families import tiles
from sessa_ref.faults.variations.graph import advance
from tests.faults.variations.small import HEADS
from tests.rounding import roundings

FAMILIES = {family.name: family for family in tiles.families()}
RULES = {label: rule for label, _, rule, _ in tiles._rules()}


def tiled(T: int, queries: int, keys: int, last) -> set[tuple[int, int]]:
    """(t, j) of a loop over tiles of queries; of keys, those up to the key `last` are read, whole tiles, and masked."""
    read = set()
    for first in range(0, T, queries):
        tile = range(first, min(first + queries, T))
        stop = last(first, first + queries - 1)
        read |= {(t, j) for t in tile for j in range(min(stop, T)) if j <= t}
    return read


def of_rule(label: str, T: int, n: int) -> set[tuple[int, int]]:
    t, j = np.arange(T)[:, None], np.arange(T)
    seen = np.broadcast_to(RULES[label](t, j, n), (T, T)) & (j <= t)
    return {(int(a), int(b)) for a, b in zip(*np.nonzero(seen), strict=True)}


@given(st.integers(1, 40), st.sampled_from([2, 4, 8]))
def test_smaller_tiles_of_keys_up_to_that_of_the_first_query(T, n):
    keys = n // 2
    assert of_rule("TilesHalfToFirstQuery", T, n) == tiled(T, n, keys, lambda first, last: (first // keys + 1) * keys)


@given(st.integers(1, 40), st.sampled_from([2, 4, 8]))
def test_larger_tiles_of_keys_that_end_before_the_last_query(T, n):
    keys = 2 * n
    wanted = tiled(T, n, keys, lambda first, last: max((last + 1) // keys, 1) * keys)
    assert of_rule("TilesDoubleFullToLastQuery", T, n) == wanted


@pytest.mark.parametrize(
    ("label", "misses"),
    [
        ("TilesWithoutStarts", lambda t, j: j in (0, 4, 8) and j != t),
        ("TilesWithoutLaterStarts", lambda t, j: j in (4, 8) and j != t),
        ("TilesWithoutEnds", lambda t, j: j in (3, 7) and j != t),
        ("TilesBefore", lambda t, j: t // 4 == j // 4 and j != t),
        ("TilesTriangular", lambda t, j: j % 4 > t % 4),
        ("TilesTail", lambda t, j: j >= 8),
        ("TilesTailAndItself", lambda t, j: j >= 8 and j != t),
    ],
)
def test_what_is_missed_with_tiles_of_four_and_ten_tokens(label, misses):
    assert of_rule(label, 10, 4) == {(t, j) for t in range(10) for j in range(t + 1) if not misses(t, j)}


@pytest.mark.parametrize("label", ["TilesTail", "TilesTailAndItself"])
def test_a_single_incomplete_tile_is_read(label):
    assert of_rule(label, 3, 4) == {(t, j) for t in range(3) for j in range(t + 1)}


@pytest.mark.parametrize(("word", "names"), [("Attention", [""]), ("Feedback", ["_fb"]), ("Both", ["", "_fb"])])
def test_hidden_before_the_softmax_and_dropped_after_it(word, names):
    """A row of weights has the sum 1 where keys are hidden, and less where they are dropped."""
    kinds = {"": FAMILIES[f"{word}TilesBefore"], "Dropped": FAMILIES.get(f"{word}TilesBeforeDropped")}
    assert (kinds["Dropped"] is None) == (word == "Both")
    for kind, family in kinds.items():
        if family is not None:
            values = advance(HEADS.parameters, HEADS.x, family.at(4).changes).values
            for name in names:
                row = values[f"alpha{name}"][..., 6, :7]
                assert np.all(row[..., 4:6] == 0)
                assert np.all(row[..., 1:4] > 0)
                sums = row.sum(axis=-1)
                assert np.all(sums < 1) if kind else np.allclose(sums, 1, rtol=0, atol=roundings(2 * (7 + 1)))
