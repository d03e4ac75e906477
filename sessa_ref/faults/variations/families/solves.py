"""Families of the solve: hops, blocks, damping."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.families.numbers import BLOCKS, COUNTS, FACTORS, SMALL
from sessa_ref.faults.variations.graph import Changes, Number, Run
from sessa_ref.faults.variations.modes import rounded_to
from sessa_ref.faults.variations.variation import Amount, Family, one
from sessa_ref.notation import Array


def solving(function: Callable[[Run, Array, Array, Number], Array]) -> Callable[[Amount], Changes]:
    """Changes of s for a number, by a function of the run, B, f and the number; decoding steps stay as they are."""

    def changes(amount: Amount) -> Changes:
        def change(run: Run, s: Array) -> Array:
            return s if run.past else function(run, run.values["B"], run.values["f"], amount(run))

        return one("s", change)

    return changes


def _series(run: Run, B: Array, f: Array, hops: Number) -> Array:
    term = total = f
    for _ in range(min(int(hops), f.shape[-2])):
        term = B @ term
        total = total + term
    return total


def _damped(run: Run, B: Array, f: Array, share: Number) -> Array:
    return f + share * (graph.solve(B, f) - f)


def _in_blocks(run: Run, B: Array, f: Array, size: Number) -> Array:
    block = np.arange(f.shape[-2]) // size
    return graph.solve(B * (block[:, None] == block), f)


def _blocks_of_signals(run: Run, B: Array, f: Array, size: Number) -> Array:
    block = np.arange(f.shape[-2]) // size
    same = block[:, None] == block
    return graph.solve(B * same, f + (B * ~same) @ f)


def _tail_dropped(run: Run, B: Array, f: Array, size: Number) -> Array:
    T = f.shape[-2]
    full = T // size * size
    return graph.solve(B * (np.arange(T) < full)[:, None], f)


def _tail_unsolved(run: Run, B: Array, f: Array, size: Number) -> Array:
    tokens = np.arange(f.shape[-2])
    full = len(tokens) // size * size
    return graph.solve(B * ((tokens[:, None] < full) | (tokens < full)), f)


def _blocks_unsolved(run: Run, B: Array, f: Array, size: Number) -> Array:
    block = np.arange(f.shape[-2]) // size
    return graph.solve(B * (block[:, None] != block), f)


def _only_first(run: Run, B: Array, f: Array, count: Number) -> Array:
    return graph.solve(B * (np.arange(f.shape[-2]) < count)[:, None], f)


def _block_starts(run: Run, B: Array, f: Array, size: Number) -> Array:
    tokens = np.arange(f.shape[-2])
    return graph.solve(B * ((tokens % size != 0) | (tokens == 0))[:, None], f)


def _last_of_block_before(run: Run, B: Array, f: Array, size: Number) -> Array:
    block = np.arange(f.shape[-2]) // size
    return graph.solve(B * (block[:, None] - block <= 1), f)


def _damped_iteration(run: Run, B: Array, f: Array, share: Number) -> Array:
    return graph.solve(share * B, share * f)


def _until(stops: Callable[[Array, Array, Number], Any]) -> Callable[[Run, Array, Array, Number], Array]:
    def solve(run: Run, B: Array, f: Array, tolerance: Number) -> Array:
        s = f
        for _ in range(f.shape[-2]):
            before, s = s, f + B @ s
            if stops(s - before, s, tolerance):
                break
        return s

    return solve


TOLERANCES: tuple[tuple[str, str, Callable[[Array, Array, Number], Any]], ...] = (
    ("Largest", "no state changes by {number} any more", lambda change, s, c: np.max(np.abs(change), initial=0) < c),
    ("Relative", "no state changes by {number} of the largest any more", lambda change, s, c: np.max(np.abs(change), initial=0) < c * np.max(np.abs(s), initial=0)),
    ("Norm", "the norm of the change falls below {number}", lambda change, s, c: np.linalg.norm(change) < c),
    ("RelativeNorm", "the norm of the change falls below {number} of the states' norm", lambda change, s, c: np.linalg.norm(change) < c * np.linalg.norm(s)),
    ("Mean", "the mean change falls below {number}", lambda change, s, c: np.mean(np.abs(change)) < c),
)  # fmt: skip
"""When a fixed-point iteration stops, in words."""


def families() -> Iterator[Family]:
    """Families of this part."""
    cause, fix = "A truncated series or a blocked algorithm.", "Solve (I - B) s = f."
    for name, words, function, starts in (
        ("SolveHops", "The solve is its series, cut after {number} hops.", _series, COUNTS),
        ("SolveBlocks", "The solve runs in blocks of {number} tokens that do not read earlier blocks.", _in_blocks, BLOCKS),
        ("SolveBlocksOfSignals", "The solve runs in blocks of {number} tokens, and reads f instead of s of earlier blocks.", _blocks_of_signals, BLOCKS),
        ("SolveTailDropped", "With blocks of {number}, the tokens of an incomplete last block get no feedback.", _tail_dropped, BLOCKS),
        ("SolveTailUnsolved", "With blocks of {number}, the tokens of an incomplete last block read full blocks only, not each other.", _tail_unsolved, BLOCKS),
        ("SolveBlocksUnsolved", "With blocks of {number}, tokens read earlier blocks only, not their own.", _blocks_unsolved, BLOCKS),
        ("SolveBlockStarts", "With blocks of {number}, the first token of a block gets no feedback.", _block_starts, BLOCKS),
        ("SolveBlockBefore", "With blocks of {number}, feedback reaches back to the block before and no further.", _last_of_block_before, BLOCKS),
        ("SolveFirst", "Only the first {number} tokens get feedback.", _only_first, COUNTS),
        ("FeedbackShare", "The feedback is multiplied by {number}: s = f + {number} ((I - B)^(-1) f - f).", _damped, FACTORS),
        ("SolveDamped", "The solve is damped: s = {number} (f + B s).", _damped_iteration, FACTORS),
        ("SolveDiagonal", "The matrix of the solve has {number} added to its diagonal.", lambda run, B, f, c: graph.solve(B - c * np.eye(f.shape[-2]), f), SMALL),
        ("SolveRoutingThreshold", "Entries of B smaller than {number} are dropped.", lambda run, B, f, c: graph.solve(np.where(np.abs(np.real(B)) < c, 0, B), f), (1e-3, 1e-2, 1e-4, 0.1, 1e-6, 0.05)),
        ("SolveHopDecay", "Hop k of the feedback is weighted by {number}^k.", lambda run, B, f, c: graph.solve(c * B, f), FACTORS),
    ):  # fmt: skip
        yield Family(name, "solve", words, cause, fix, solving(function), starts)
    yield Family(
        "SolveJacobi", "solve", "The solve is {number} damped iterations s <- (s + f + B s) / 2 from s = f.", cause, fix,
        solving(_half_iterations), COUNTS[:64],
    )  # fmt: skip
    for label, words, stops in TOLERANCES:
        yield Family(
            f"SolveTolerance{label}", "solve", f"The solve is the iteration s = f + B s from s = f on, which stops when {words}.",
            "An iteration that stops early.", "Solve (I - B) s = f exactly.", solving(_until(stops)),
            (1e-3, 1e-2, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 0.1, 0.05, 5e-4),
        )  # fmt: skip


def rounded_carries() -> Iterator[Family]:
    """Blocks whose states are rounded where later blocks read them; as variations they only round."""
    for dtype in ("float32", "float16", "bfloat16"):
        for label, words, carried in (
            ("CarriedStates", "the states that later blocks read", lambda B, s, f, dtype: B @ rounded_to(s, dtype)),
            ("CarriedFeedback", "the feedback from earlier blocks", lambda B, s, f, dtype: rounded_to(B @ s, dtype)),
            ("CarriedRight", "the right-hand side with the feedback from earlier blocks", lambda B, s, f, dtype: rounded_to(f + B @ s, dtype) - f),
        ):  # fmt: skip
            yield Family(
                f"Solve{label}In{dtype.capitalize()}", "solve",
                f"The solve runs in blocks of {{number}} tokens, and {words} {'are' if words.endswith('read') else 'is'} rounded to {dtype}.",
                "A blocked algorithm that keeps what it carries in a lower precision.", "Carry states in the layer's dtype.",
                solving(lambda run, B, f, size, carried=carried, dtype=dtype: _carrying(B, f, int(size), lambda rows, s, r: carried(rows, s, r, dtype))),
                BLOCKS,
            )  # fmt: skip
        yield Family(
            f"SolveAccumulatedFeedbackIn{dtype.capitalize()}", "solve",
            f"The solve runs in blocks of {{number}} tokens, and the feedback from earlier blocks is added up in {dtype}, block by block.",
            "An accumulator in a lower precision.", "Accumulate in the layer's dtype, or a wider one.",
            solving(lambda run, B, f, size, dtype=dtype: _carrying(B, f, int(size), lambda rows, s, r: _accumulated(rows, s, int(size), dtype))),
            BLOCKS,
        )  # fmt: skip


def _accumulated(rows: Array, s: Array, size: int, dtype: str) -> Array:
    total = rounded_to(rows[..., :size] @ s[..., :size, :], dtype)
    for start in range(size, s.shape[-2], size):
        block = slice(start, start + size)
        total = rounded_to(total + rows[..., block] @ s[..., block, :], dtype)
    return total


def _carrying(B: Array, f: Array, size: int, carried: Callable[[Array, Array, Array], Array]) -> Array:
    """Block after block; what reaches a block from earlier ones is carried(rows of B, earlier states, the block's f)."""
    s = f[..., :0, :]
    for start in range(0, f.shape[-2], size):
        here = slice(start, start + size)
        block = f[..., here, :]
        right = block + carried(B[..., here, :start], s, block) if start else block
        s = np.concatenate([s, graph.solve(B[..., here, here], right)], axis=-2)
    return s


def _half_iterations(run: Run, B: Array, f: Array, steps: Number) -> Array:
    s = f
    for _ in range(int(steps)):
        s = (s + f + B @ s) / 2
    return s
