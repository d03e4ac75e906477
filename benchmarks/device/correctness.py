"""Before anything is timed: is the walk over blocks right, on the device and in the precision that is timed?"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

import torch
from torch import Tensor

from benchmarks.correctness import Admission
from benchmarks.device.methods import SOLVE, gradients
from benchmarks.device.precision import Precision
from sessa_ref.optimized import feedback_solve
from sessa_ref.optimized.solve import block_substitution
from sessa_ref.optimized.solve.block_substitution import Sizes
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.cases.of_level import cases_of
from sessa_ref.oracle.implementation.functions import FunctionAdapter
from sessa_ref.oracle.levels import SOLVE as LEVEL
from sessa_ref.oracle.run import verify
from sessa_ref.precision import PRECISIONS

_SMALL: Final = Sizes(longest_block=0, block=64, past=2**31, tile=16)
"""The pieces of an accelerator, scaled down to the lengths of the oracle's cases."""


def admit(
    precision: Precision, device: torch.device, T: int, D: int, cases: list[Case], say: Callable[[str], None]
) -> Admission:
    """The oracle's verdict on small pieces, and at T tokens the agreement of small pieces with those that are timed.

    s and every gradient, whose entries are sums of up to T terms, may differ by 8 sqrt(T) roundings of the largest entry,
    but by no more than an eighth of it: what computes another map is wrong by all of it. From 4096 tokens on, TF32 and
    bfloat16 have the eighth alone.

    Args:
        precision: in what to compute.
        device: where.
        T: tokens of the comparison.
        D: its width.
        cases: of the solve, for the oracle.
        say: called with a line of text before each case.
    """

    def moved(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
        given = precision.dtype if q.dtype != torch.float64 else q.dtype
        there = [z.to(device, given) for z in (q, k, gamma, f)]
        return feedback_solve(there[0], there[1], there[2], there[3]).to("cpu", q.dtype)

    with precision.on():
        with _small_pieces():
            report = verify(FunctionAdapter("solve", moved), [precision.rounds_as], cases, progress=say, explain=False)
        inputs = SOLVE.inputs(T, D, precision.dtype, device)
        ds = inputs[3].flip(-2)
        large = gradients(SOLVE, inputs, ds)
        with _small_pieces():
            small = gradients(SOLVE, inputs, ds)
    pairs = zip(large, small, strict=True)
    # torch's maximum keeps NaN, Python's does not
    apart = torch.stack([((one - other).abs().max() / other.abs().max()).double() for one, other in pairs]).max().item()
    unit = PRECISIONS[precision.rounds_as].unit_roundoff
    allowed = min(8 * math.sqrt(T) * unit, 1 / 8)
    verdict = f"{report.verdict}; small and large pieces differ by {apart:.1g}, of {allowed:.1g} allowed"
    return Admission("solve", report.conforms and apart <= allowed, verdict)


def admission_cases() -> list[Case]:
    """Those of the width that kernels are made for."""
    return [c for c in cases_of(LEVEL) if c.name.startswith("kernel")]


@contextmanager
def _small_pieces() -> Iterator[None]:
    with patch.object(block_substitution, "sizes", lambda device: _SMALL):
        yield
