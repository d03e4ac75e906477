"""Families of a solve that runs block by block, or by halves, and joins its parts wrongly."""

from collections.abc import Callable, Iterator

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.families.numbers import BLOCKS, COUNTS
from sessa_ref.faults.variations.families.solves import solving
from sessa_ref.faults.variations.variation import Family
from sessa_ref.notation import Array

_CAUSE, _FIX = "A blocked or recursive algorithm.", "Solve (I - B) s = f."

Shares = Callable[[Array, Array, int, int], Array]
"""How often each entry of B counts, by the reading and the read token, the size of blocks, and T."""


def _full(T: int, n: int) -> int:
    return T // n * n


def _long(T: int, n: int) -> int:
    """The same, where there is a full block; otherwise everything."""
    return _full(T, n) or T


SHARES: tuple[tuple[str, str, Shares], ...] = (
    ("TailAlone", "With blocks of {number}, the tokens of an incomplete last block read each other only, not full blocks.", lambda t, j, n, T: (t < _full(T, n)) | (j >= _full(T, n))),
    ("LongTailDropped", "Beyond {number} tokens, those of an incomplete last block of {number} get no feedback.", lambda t, j, n, T: (t < _long(T, n)) | (j > T)),
    ("LongTailUnsolved", "Beyond {number} tokens, those of an incomplete last block of {number} read full blocks only, not each other.", lambda t, j, n, T: (t < _long(T, n)) | (j < _long(T, n))),
    ("BlocksDoubled", "With blocks of {number}, the feedback from earlier blocks is counted twice.", lambda t, j, n, T: 2 - (t // n == j // n)),
    ("BlocksNegated", "With blocks of {number}, the feedback from earlier blocks is subtracted.", lambda t, j, n, T: np.where(t // n == j // n, 1, -1)),
    ("BlocksAccumulated", "With blocks of {number}, the feedback from an earlier block is counted once for every block from there on.", lambda t, j, n, T: np.maximum(t // n - j // n, 1)),
    ("BlockBeforeMissing", "With blocks of {number}, feedback from the block before is missing.", lambda t, j, n, T: t // n - j // n != 1),
    ("BlocksOnlyFirst", "With blocks of {number}, of earlier blocks only the first is read.", lambda t, j, n, T: (t // n == j // n) | (j < n)),
    ("BlocksWithoutFirst", "With blocks of {number}, later blocks do not read the first.", lambda t, j, n, T: (t // n == j // n) | (j >= n)),
    ("BlocksWithoutEdge", "With blocks of {number}, a block does not read the last token before it.", lambda t, j, n, T: (j != t // n * n - 1)),
    ("BlocksOnlyEdge", "With blocks of {number}, a block reads only the last token before it and its own.", lambda t, j, n, T: j >= t // n * n - 1),
    ("BlocksWithoutEnds", "With blocks of {number}, later blocks do not read the last token of a block.", lambda t, j, n, T: (t // n == j // n) | (j % n != n - 1)),
    ("BlocksWithoutStarts", "With blocks of {number}, later blocks do not read the first token of a block.", lambda t, j, n, T: (t // n == j // n) | (j % n != 0)),
    ("BlocksFirstUnread", "With blocks of {number}, tokens do not read the first token of their own block.", lambda t, j, n, T: j != t // n * n),
    ("BlocksFromEnd", "The solve runs in blocks of {number} tokens, counted from the last token, that do not read earlier blocks.", lambda t, j, n, T: (T - 1 - t) // n == (T - 1 - j) // n),
    ("Parts", "The tokens are divided into {number} parts, whose solves do not read earlier parts.", lambda t, j, n, T: t // -(-T // n) == j // -(-T // n)),
    ("BlocksEdgeTwice", "With blocks of {number}, a block reads the last token before it twice.", lambda t, j, n, T: 1 + (j == t // n * n - 1)),
    ("BlocksStartTwice", "With blocks of {number}, tokens read the first token of their own block twice.", lambda t, j, n, T: 1 + (j == t // n * n)),
    ("PairsMerged", "Blocks of {number} tokens are merged two by two, again and again, and one without a full partner stays alone.", lambda t, j, n, T: _merged(t, j, n, T)),
)  # fmt: skip
"""Entries of B that are dropped or counted more than once."""


def _merged(t: Array, j: Array, n: int, T: int) -> Array:
    together = t // n == j // n
    while 2 * n <= T:
        n *= 2
        together = together | ((t // n == j // n) & ((t // n + 1) * n <= T))
    return together


def _signals(B: Array, f: Array, same: Array) -> Array:
    return graph.solve(B * same, f + (B * ~same) @ f)


def _right_sides(B: Array, f: Array, same: Array) -> Array:
    return graph.solve(B * same, graph.solve(B * ~same, f))


def _one_hop(B: Array, f: Array, same: Array) -> Array:
    return graph.solve(B * same, f + (B * ~same) @ graph.solve(B * same, f))


def _added(B: Array, f: Array, same: Array) -> Array:
    alone = graph.solve(B * same, f)
    return graph.solve(B * ~same, alone)


def _added_once(B: Array, f: Array, same: Array) -> Array:
    alone = graph.solve(B * same, f)
    return alone + (B * ~same) @ alone


def _one_hop_inside(B: Array, f: Array, same: Array) -> Array:
    inside, outside = B * same, B * ~same
    return graph.solve(outside + inside @ outside, f + inside @ f)  # s = r + inside r, with r = f + outside s


def _last_state(B: Array, f: Array, same: Array) -> Array:
    first = np.argmax(same, axis=-1)  # of the block
    last = np.eye(len(same))[np.maximum(first - 1, 0)]
    return graph.solve(B * same + np.sum(B * ~same, axis=-1, keepdims=True) * last * (first > 0)[:, None], f)


def _mean_state(B: Array, f: Array, same: Array) -> Array:
    return graph.solve(B * same + (B * ~same) @ (same / np.sum(same, axis=-1, keepdims=True)), f)


JOINS: tuple[tuple[str, str, Callable[[Array, Array, Array], Array]], ...] = (
    ("RightSides", "reads right-hand sides instead of states of earlier blocks", _right_sides),
    ("OneHop", "reads earlier blocks as they are solved by themselves", _one_hop),
    ("Added", "is solved by itself, and the feedback from earlier blocks is added afterwards", _added),
    ("AddedOnce", "is solved by itself, and the feedback from earlier blocks, each solved by itself, is added afterwards", _added_once),
    ("OneHopInside", "goes one hop within itself", _one_hop_inside),
    ("LastState", "reads the state of the last token before it in place of all earlier ones", _last_state),
    ("MeanState", "reads the mean states of earlier blocks in place of their states", _mean_state),
)  # fmt: skip
"""How the solve of a block is joined to earlier blocks, from B, f, and which tokens share a block."""


def _tail_of_signals(B: Array, f: Array, n: int) -> Array:
    t = np.arange(f.shape[-2])
    outside = (t >= _full(len(t), n))[:, None] & (t < _full(len(t), n))
    return graph.solve(B * ~outside, f + (B * outside) @ f)


def _stale(B: Array, f: Array, n: int) -> Array:
    T = f.shape[-2]
    block, moved = np.arange(T) // n, np.zeros_like(B)
    before = (block[:, None] - block == 1) & (block > 0)
    moved[..., : max(T - n, 0)] = (B * before)[..., n:]
    return graph.solve(B * ~before + moved, f)


def _tail_zero(B: Array, f: Array, end: int) -> Array:
    return graph.solve(B, f) * (np.arange(f.shape[-2]) < end)[:, None]


TAILS: tuple[tuple[str, str, Callable[[Array, Array, int], Array]], ...] = (
    ("TailOfSignals", "With blocks of {number}, the tokens of an incomplete last block read f instead of s of full blocks.", _tail_of_signals),
    ("BlocksStale", "With blocks of {number}, the states of the block before the last are read once more in place of those of the last.", _stale),
    ("LongTailZero", "Beyond {number} tokens, the states of an incomplete last block of {number} are zero.", lambda B, f, n: _tail_zero(B, f, _long(f.shape[-2], n))),
    ("BlocksOfSignalsFromEnd", "The solve runs in blocks of {number} tokens, counted from the last token, and reads f instead of s of earlier blocks.", lambda B, f, n: _signals(B, f, _same(np.arange(f.shape[-2])[::-1] // n))),
    ("PartsOfSignals", "The tokens are divided into {number} parts, which read f instead of s of earlier parts.", lambda B, f, n: _signals(B, f, _same(np.arange(f.shape[-2]) // max(-(-f.shape[-2] // n), 1)))),
)  # fmt: skip


def _same(block: Array) -> Array:
    return block[:, None] == block


Half = Callable[[Callable[[Array, Array], Array], Array, Array, Array, Array, Array], Array]
"""The lower half, from the recursion, its own B and f, the B between halves, and the upper half's f and solution."""

HALVES: tuple[tuple[str, str, Half], ...] = (
    ("OfSignals", "the lower half reads the right-hand side instead of the solution of the upper one", lambda solve, B, f, A, upper, s: solve(B, f + A @ upper)),
    ("Alone", "the lower half does not read the upper one", lambda solve, B, f, A, upper, s: solve(B, f)),
    ("Added", "what the lower half reads is added after its own solve", lambda solve, B, f, A, upper, s: solve(B, f) + A @ s),
    ("Negated", "what the lower half reads is subtracted", lambda solve, B, f, A, upper, s: solve(B, f - A @ s)),
    ("Doubled", "what the lower half reads is counted twice", lambda solve, B, f, A, upper, s: solve(B, f + 2 * A @ s)),
    ("AddedOfSignals", "the lower half reads the right-hand side of the upper one, added after its own solve", lambda solve, B, f, A, upper, s: solve(B, f) + A @ upper),
    ("WithoutEdge", "the lower half does not read the last token of the upper one", lambda solve, B, f, A, upper, s: solve(B, f + A[..., :-1] @ s[..., :-1, :])),
)  # fmt: skip

LEAVES: tuple[tuple[str, str, Callable[[Array, Array], Array]], ...] = (
    ("Unsolved", "not solved", lambda B, f: f),
    ("OneHop", "solved by one hop, f + B f", lambda B, f: f + B @ f),
)
"""What is done at the end of the recursion."""

MIDDLES: tuple[tuple[str, str, Callable[[int], int]], ...] = (
    ("Halves", "halves, the upper one rounded down", lambda T: T // 2),
    ("HalvesRoundedUp", "halves, the upper one rounded up", lambda T: -(-T // 2)),
    ("HalvesAtPower", "parts at the largest power of two", lambda T: 1 << (T - 1).bit_length() - 1),
)
"""Where the recursion divides the tokens."""


def _divided(
    B: Array, f: Array, base: int, middle: Callable[[int], int], leaf: Callable[[Array, Array], Array], lower: Half
) -> Array:
    T = f.shape[-2]
    if base >= T:
        return leaf(B, f)
    h = middle(T)

    def solve(B: Array, f: Array) -> Array:
        return _divided(B, f, base, middle, leaf, lower)

    upper = solve(B[..., :h, :h], f[..., :h, :])
    below = lower(solve, B[..., h:, h:], f[..., h:, :], B[..., h:, :h], f[..., :h, :], upper)
    return np.concatenate([upper, below], axis=-2)


def _read(solve: Callable[[Array, Array], Array], B: Array, f: Array, A: Array, upper: Array, s: Array) -> Array:
    return solve(B, f + A @ s)


def families() -> Iterator[Family]:
    """Families of this part."""
    for label, words, shares in SHARES:

        def counted(run, B, f, n, shares=shares):
            tokens = np.arange(f.shape[-2])
            return graph.solve(B * shares(tokens[:, None], tokens, n, len(tokens)), f)

        yield Family(f"Solve{label}", "solve", words, _CAUSE, _FIX, solving(counted), BLOCKS)
    for label, words, function in TAILS:
        yield Family(
            f"Solve{label}", "solve", words, _CAUSE, _FIX,
            solving(lambda run, B, f, n, function=function: function(B, f, int(n))), BLOCKS,
        )  # fmt: skip
    for label, words, join in JOINS:
        yield Family(
            f"SolveBlocks{label}", "solve", f"The solve runs in blocks of {{number}} tokens, each of which {words}.", _CAUSE, _FIX,
            solving(lambda run, B, f, n, join=join: join(B, f, _same(np.arange(f.shape[-2]) // int(n)))), BLOCKS,
        )  # fmt: skip
    for word, where, middle in MIDDLES:
        for label, words, lower in HALVES:
            yield Family(
                f"Solve{word}{label}", "solve", f"Beyond {{number}} tokens the solve recurs on {where}, and {words}.", _CAUSE, _FIX,
                solving(lambda run, B, f, n, middle=middle, lower=lower: _divided(B, f, int(n), middle, graph.solve, lower)), COUNTS,
            )  # fmt: skip
        for label, words, leaf in LEAVES:
            yield Family(
                f"Solve{word}Leaves{label}", "solve", f"The solve recurs on {where}, and up to {{number}} tokens are {words}.", _CAUSE, _FIX,
                solving(lambda run, B, f, n, middle=middle, leaf=leaf: _divided(B, f, int(n), middle, leaf, _read)), COUNTS,
            )  # fmt: skip
