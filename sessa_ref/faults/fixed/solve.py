"""Faults of the solve (I - B) s = f.

A decoding step has the same fault, except with SolveTransposed and SolveLastBlockDropped: those are about whole
sequences, and a step goes on, rightly, from the states that the prefill left.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from sessa_ref.faults.fault import Fault, Replacements
from sessa_ref.faults.fixed.entry import always
from sessa_ref.faults.fixed.step import Step, feedback_read, noted, notes_of, watched, with_last_token
from sessa_ref.notation import Array
from sessa_ref.reference import layer, solve

BLOCK = 64
"""Tokens per block of the faults that solve in blocks."""


def _series(hops: int) -> Replacements:
    """The solve is the sum S_hops, where S_m = f + B f + ... + B^m f, so S_m = f + B S_(m-1).

    For decoding, the cache's s are S_(hops - 1), which is what a step reads; the sums before are noted.
    """

    def prefill(original: Callable) -> Callable:
        def replacement(parameters, x):
            y, cache = original(parameters, x)
            steps = layer.trace(parameters, x)
            *earlier, last = [solve.neumann_series(steps.B, steps.f, m) for m in range(hops)]
            return y, noted(replace(cache, s=last), sums=earlier)

        return replacement

    def decode_step(original: Callable) -> Callable:
        def replacement(parameters, x_t, cache):
            sums, feedback = notes_of(cache).get("sums"), []
            if sums is None:  # a cache from before the fault
                return original(parameters, x_t, cache)

            with watched() as step:
                y, after = feedback_read(partial(_read_sums, sums, feedback))(original)(parameters, x_t, cache)
            # The first token has no feedback, and all its sums are f.
            new = [step.f, *(step.f + r for r in feedback)] if feedback else [step.f] * hops
            longer = [np.concatenate(pair, axis=-2) for pair in zip(sums, new[:-1], strict=True)]
            return y, noted(with_last_token(after, s=new[-1]), sums=longer)

        return replacement

    return {
        "solve.forward_substitution": always(lambda B, f: solve.neumann_series(B, f, hops)),
        "decode.prefill": prefill,
        "decode.decode_step": decode_step,
    }


def _read_sums(sums: list, feedback: list, read: Callable, step: Step, q: Array, k: Array, v: Array) -> Array:
    feedback.extend(step.gamma[..., None] * read(q, k, sum_) for sum_ in sums)
    return read(q, k, v)


def _transposed(original: Callable) -> Callable:
    flip = (..., slice(None, None, -1), slice(None, None, -1))

    def forward_substitution(B: Array, f: Array) -> Array:
        strictly_upper = np.swapaxes(np.tril(B, k=-1), -1, -2)
        return original(strictly_upper[flip], f[..., ::-1, :])[..., ::-1, :]

    return forward_substitution


def _separate_blocks(original: Callable) -> Callable:
    def forward_substitution(B: Array, f: Array) -> Array:
        blocks = [slice(start, start + BLOCK) for start in range(0, max(f.shape[-2], 1), BLOCK)]
        return np.concatenate([original(B[..., b, b], f[..., b, :]) for b in blocks], axis=-2)

    return forward_substitution


def _block_alone(read: Callable, step: Step, q: Array, k: Array, v: Array) -> Array:
    start = k.shape[-2] // BLOCK * BLOCK
    return read(q, k, np.concatenate([0 * v[..., :start, :], v[..., start:, :]], axis=-2))


def _last_block_dropped(original: Callable) -> Callable:
    def forward_substitution(B: Array, f: Array) -> Array:
        full = f.shape[-2] // BLOCK * BLOCK
        solved = original(B[..., :full, :full], f[..., :full, :])
        return np.concatenate([solved, f[..., full:, :]], axis=-2)

    return forward_substitution


FAULTS = (
    Fault(
        "SolveMissing",
        "solve",
        departure="There is no feedback: the state is the forward signal.",
        formula="right: s = (I - B)^(-1) f\nwrong: s = f",
        cause="The solve was left out, or its result is not used.",
        fix="Solve (I - B) s = f.",
        replacements={
            "solve.forward_substitution": always(lambda B, f: f),
            "decode.decode_step": feedback_read(lambda read, step, q, k, v: 0 * read(q, k, v)),
        },
    ),
    Fault(
        "SolveOneHop",
        "solve",
        departure="Feedback is added once, from forward signals, instead of solved for.",
        formula="right: s = (I - B)^(-1) f\nwrong: s = f + B f",
        cause="B is applied to f instead of s: feedback without feedback of feedback.",
        fix="Solve (I - B) s = f.",
        replacements=_series(1),
    ),
    Fault(
        "SolveTwoHops",
        "solve",
        departure="The solve is its series, cut after two hops.",
        formula="right: s = (I - B)^(-1) f\nwrong: s = f + B f + B^2 f",
        cause="A truncated Neumann series for the inverse.",
        fix="Solve (I - B) s = f; the series needs T - 1 hops to be exact.",
        replacements=_series(2),
    ),
    Fault(
        "SolveThirtyTwoHops",
        "solve",
        departure="The solve is its series, cut after 32 hops.",
        formula="right: s = (I - B)^(-1) f\nwrong: s = f + B f + ... + B^32 f",
        cause="A truncated Neumann series, or a fixed number of iterations.",
        fix="Solve (I - B) s = f; the series needs T - 1 hops to be exact.",
        replacements=_series(32),
    ),
    Fault(
        "SolveSignFlipped",
        "solve",
        departure="Feedback is subtracted instead of added.",
        formula="right: (I - B) s = f\nwrong: (I + B) s = f",
        cause="B, not -B, is passed as the lower part of a unit triangular matrix.",
        fix="Solve with I - B.",
        replacements={
            "solve.forward_substitution": lambda original: lambda B, f: original(-B, f),
            "decode.decode_step": feedback_read(lambda read, step, q, k, v: -read(q, k, v)),
        },
    ),
    Fault(
        "SolveTransposed",
        "solve",
        departure="The transposed system is solved: tokens read later ones.",
        formula="right: (I - B) s = f\nwrong: (I - B^T) s = f",
        cause="upper=True, a transposition flag, or column-major memory taken for row-major.",
        fix="Solve with the lower triangle, not transposed.",
        replacements={"solve.forward_substitution": _transposed},
    ),
    Fault(
        "SolveBlocksSeparate",
        "solve",
        departure="The solve runs in blocks of 64 tokens that do not read earlier blocks.",
        formula="right: s_t = f_t + sum over j < t of B_tj s_j\nwrong: the sum is over j < t in the block of t",
        cause="A blocked solve without the product of B's blocks below the diagonal with earlier states.",
        fix="Before a block is solved, add what B brings from all earlier blocks to its f.",
        replacements={
            "solve.forward_substitution": _separate_blocks,
            "decode.decode_step": feedback_read(_block_alone),
        },
    ),
    Fault(
        "SolveLastBlockDropped",
        "solve",
        departure="With blocks of 64, the tokens of an incomplete last block keep s = f.",
        formula="right: s_t = f_t + sum over j < t of B_tj s_j\nwrong: s_t = f_t for t >= 64 floor(T / 64)",
        cause="The number of blocks is T // 64, rounded down.",
        fix="Round the number of blocks up, or pad the last one.",
        replacements={"solve.forward_substitution": _last_block_dropped},
    ),
)
"""Faults of the area "solve"."""
