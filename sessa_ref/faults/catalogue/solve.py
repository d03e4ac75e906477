"""Faults of the solve (I - B) s = f.

A decoding step has the same fault, except with SolveTransposed and SolveLastBlockDropped: those are about whole
sequences, and a step goes on, rightly, from the states that the prefill left.
"""

from dataclasses import replace

import numpy as np

from sessa_ref.faults.catalogue.changes import always
from sessa_ref.faults.catalogue.situation import noted, notes_of
from sessa_ref.faults.fault import Fault
from sessa_ref.notation import Array
from sessa_ref.reference import Cache, Formulas, Trace, solve

BLOCK = 64
"""Tokens per block of the faults that solve in blocks."""


def _series(hops: int) -> type[Formulas]:
    """The solve is the sum S_hops, where S_m = f + B f + ... + B^m f, so S_m = f + B S_(m-1).

    For decoding, the cache's s are S_(hops - 1), which is what a step reads; the sums before are noted.
    """

    class Series(Formulas):
        def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
            return solve.neumann_series(B, f, hops) if past is None else super().forward_substitution(B, f, past)

        def remember(self, past: Cache | None, steps: Trace) -> Cache:
            B, f = steps.B, steps.f
            if past is None:
                *earlier, last = [solve.neumann_series(B, f, m) for m in range(hops)]
                return noted(super().remember(past, replace(steps, s=last)), sums=earlier)
            sums = notes_of(past).get("sums")
            if sums is None:  # a cache from before the fault
                return super().remember(past, steps)
            new = [f, *(self.forward_substitution(B, f, sum_) for sum_ in sums)]
            longer = [np.concatenate(pair, axis=-2) for pair in zip(sums, new[:-1], strict=True)]
            return noted(super().remember(past, replace(steps, s=new[-1])), sums=longer)

    return Series


class _SignFlipped(Formulas):
    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        return super().forward_substitution(-B, f, past)


class _Transposed(Formulas):
    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        if past is not None:
            return super().forward_substitution(B, f, past)
        flip = (..., slice(None, None, -1), slice(None, None, -1))
        strictly_upper = np.swapaxes(np.tril(B, k=-1), -1, -2)
        return super().forward_substitution(strictly_upper[flip], f[..., ::-1, :])[..., ::-1, :]


class _BlocksSeparate(Formulas):
    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        if past is not None:
            start = past.shape[-2] // BLOCK * BLOCK
            return super().forward_substitution(B[..., start:], f, past[..., start:, :])
        blocks = [slice(start, start + BLOCK) for start in range(0, max(f.shape[-2], 1), BLOCK)]
        solve_block = super().forward_substitution
        return np.concatenate([solve_block(B[..., b, b], f[..., b, :]) for b in blocks], axis=-2)


class _LastBlockDropped(Formulas):
    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        if past is not None:
            return super().forward_substitution(B, f, past)
        full = f.shape[-2] // BLOCK * BLOCK
        solved = super().forward_substitution(B[..., :full, :full], f[..., :full, :])
        return np.concatenate([solved, f[..., full:, :]], axis=-2)


FAULTS = (
    Fault(
        "SolveMissing",
        "solve",
        description="There is no feedback: the state is the forward signal.",
        formula="right: s = (I - B)^(-1) f\nwrong: s = f",
        cause="The solve was left out, or its result is not used.",
        fix="Solve (I - B) s = f.",
        formulas=always(forward_substitution=lambda B, f, past=None: f),
    ),
    Fault(
        "SolveOneHop",
        "solve",
        description="Feedback is added once, from forward signals, instead of solved for.",
        formula="right: s = (I - B)^(-1) f\nwrong: s = f + B f",
        cause="B is applied to f instead of s: feedback without feedback of feedback.",
        fix="Solve (I - B) s = f.",
        formulas=_series(1),
    ),
    Fault(
        "SolveTwoHops",
        "solve",
        description="The solve is its series, cut after two hops.",
        formula="right: s = (I - B)^(-1) f\nwrong: s = f + B f + B^2 f",
        cause="A truncated Neumann series for the inverse.",
        fix="Solve (I - B) s = f; the series needs T - 1 hops to be exact.",
        formulas=_series(2),
    ),
    Fault(
        "SolveThirtyTwoHops",
        "solve",
        description="The solve is its series, cut after 32 hops.",
        formula="right: s = (I - B)^(-1) f\nwrong: s = f + B f + ... + B^32 f",
        cause="A truncated Neumann series, or a fixed number of iterations.",
        fix="Solve (I - B) s = f; the series needs T - 1 hops to be exact.",
        formulas=_series(32),
    ),
    Fault(
        "SolveSignFlipped",
        "solve",
        description="Feedback is subtracted instead of added.",
        formula="right: (I - B) s = f\nwrong: (I + B) s = f",
        cause="B, not -B, is passed as the lower part of a unit triangular matrix.",
        fix="Solve with I - B.",
        formulas=_SignFlipped,
    ),
    Fault(
        "SolveTransposed",
        "solve",
        description="The transposed system is solved: tokens read later ones.",
        formula="right: (I - B) s = f\nwrong: (I - B^T) s = f",
        cause="upper=True, a transposition flag, or column-major memory taken for row-major.",
        fix="Solve with the lower triangle, not transposed.",
        formulas=_Transposed,
    ),
    Fault(
        "SolveBlocksSeparate",
        "solve",
        description="The solve runs in blocks of 64 tokens that do not read earlier blocks.",
        formula="right: s_t = f_t + sum over j < t of B_tj s_j\nwrong: the sum is over j < t in the block of t",
        cause="A blocked solve without the product of B's blocks below the diagonal with earlier states.",
        fix="Before a block is solved, add what B brings from all earlier blocks to its f.",
        formulas=_BlocksSeparate,
    ),
    Fault(
        "SolveLastBlockDropped",
        "solve",
        description="With blocks of 64, the tokens of an incomplete last block keep s = f.",
        formula="right: s_t = f_t + sum over j < t of B_tj s_j\nwrong: s_t = f_t for t >= 64 floor(T / 64)",
        cause="The number of blocks is T // 64, rounded down.",
        fix="Round the number of blocks up, or pad the last one.",
        formulas=_LastBlockDropped,
    ),
)
"""Faults of the area "solve"."""
