"""The cases of a level: the part of the layer's cases that it computes, and cases for those who write kernels.

A solve has to be offered for queries, keys and forward signals of width `KERNEL_WIDTH`. It may decline others.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.bounds.expectation import SAFETY_FACTOR, spreads_for
from sessa_ref.oracle.cases.battery import battery
from sessa_ref.oracle.cases.case import Case, case
from sessa_ref.oracle.levels import KERNEL_WIDTH, LAYER, SOLVE, Level
from sessa_ref.precision import PRECISIONS

LONGEST = 2049

BLOCK_LENGTHS = tuple(
    sorted(
        {
            T
            for multiples in (range(16, 257, 16), range(32, 513, 32), range(48, 529, 48), range(64, LONGEST, 64))
            for multiple in multiples
            for T in (multiple - 1, multiple, multiple + 1)
        }
        | {2**k + d for k in range(12) for d in (-1, 0, 1)} - {0}
    )
)
"""Numbers of tokens around every power of two and around multiples of common block sizes."""

_WIDE = ("float64", "float32")
_DIGITS = 0.125
"""A precision makes sense for a case if the median of its bounds is at most this part of the largest output."""


def cases_of(level: Level, quick: bool = False, blocks: tuple[int, ...] = ()) -> tuple[Case, ...]:
    """The cases of a level, in the order in which they are run; the same objects in one process.

    Args:
        level: the layer's are those of `battery`.
        quick: only the cases of the quick battery.
        blocks: block sizes of the implementation; their multiples and the numbers beside these are tried, too.
    """
    cases = battery(quick) if level == LAYER else _cases(level, quick)
    return (*cases, *(c.at(level) for c in _around(blocks)))


@cache
def _cases(level: Level, quick: bool) -> tuple[Case, ...]:
    kernel = [c for c in _kernel() if c.quick or not quick]
    cases = [c.at(level) for c in [*battery(quick), *kernel] if c.name != "length_2053"]
    if level == SOLVE:
        cases += [c for c in _gains_beyond_one() if c.quick or not quick]
    return tuple(cases)


def _kernel() -> list[Case]:
    """Cases of the width that kernels are made for."""
    config = SessaConfig.published(KERNEL_WIDTH, 4)
    extras = frozenset({"calls", "differences", "NaN isolation"})
    about = "a length at which blocked code goes wrong, at a kernel's width"
    cases = [
        case("kernel", "a kernel's width", config, T=100, extras=extras, quick=True),
        case("kernel_gain_high", "gains at +gamma_max", config, T=96, batch=1, gamma_bias=20.0, quick=True),
        case("kernel_gain_low", "gains at -gamma_max", config, T=70, batch=1, gamma_bias=-20.0),
        case("kernel_sharp", "logits of many sizes", config, T=150, batch=1, feedback_logits=8.0, quick=True),
    ]
    for T in (63, 64, 127, 129, 191, 200, 257, 500):
        cases.append(case(f"kernel_{T}", about, config, T=T, batch=1, quick=T in (129, 200)))
    about = f"numbers of tokens around powers of two and multiples of block sizes, up to {LONGEST}"
    long = case("block_lengths", about, config, T=LONGEST, batch=1, dtypes=_WIDE, lengths=BLOCK_LENGTHS)
    return [*cases, replace(long, extras=frozenset({"lengths"}))]


def _around(blocks: Iterable[int]) -> list[Case]:
    """Cases at the first multiples of block sizes, and beside them."""
    config, about = SessaConfig.published(KERNEL_WIDTH, 4), "beside a multiple of a declared block size"
    lengths = {n * size + d for size in blocks for n in (1, 2, 3) for d in (-1, 0, 1)}
    return [
        case(f"block_{T}", about, config, T=T, batch=1, split=T // 2, quick=True, dtypes=_WIDE)
        for T in sorted(lengths)
        if 0 < T <= LONGEST
    ]


def _gains_beyond_one() -> list[Case]:
    """Gains that the layer does not have. Beyond 1 the states may grow with every token, and errors with them."""
    config = SessaConfig.published(16, 4)
    start = case("gains_beyond_one", "", config, T=64, feedback_logits=1.0)
    sharp = case("gains_beyond_one_sharp", "", config, T=48, feedback_logits=30.0)
    made = [
        _with_gains("gains_up_to_1.5", "gains of both signs up to 1.5", start, -1.5, 1.5),
        _with_gains("gains_up_to_2", "gains from 0 to 2", start, 0.0, 2.0),
        _with_gains("gains_up_to_2_sharp", "gains from 0 to 2, and a few routes that count", sharp, 0.0, 2.0),
        _with_gains("gains_of_-3", "gains from -3 to -2", start, -3.0, -2.0),
    ]
    return [replace(c, dtypes=sensible_dtypes(c), quick=c.name == "gains_up_to_2") for c in made]


def _with_gains(name: str, about: str, start: Case, lowest: float, highest: float) -> Case:
    made = replace(start, name=name, about=about).at(SOLVE)
    parts = SOLVE.split(made.parameters.config, made.x)
    gamma = np.random.default_rng(len(name)).uniform(lowest, highest, size=parts["gamma"].shape)
    return replace(made, x=SOLVE.join(parts | {"gamma": gamma}), extras=frozenset({"NaN isolation"}))


def sensible_dtypes(of: Case) -> tuple[str, ...]:
    """The precisions that can hold a case's output, and whose bound leaves some of its digits."""
    output = of.level.output
    value = np.abs(of.level.forward(of.parameters, of.x))
    largest = {"float16": 2.0**15, "float64": 2.0**1000}
    found = []
    for dtype, precision in PRECISIONS.items():
        if value.max() > largest.get(dtype, 2.0**120):
            continue
        bound = SAFETY_FACTOR * precision.unit_roundoff * spreads_for(of, dtype)[output]
        if np.median(bound) <= _DIGITS * value.max():
            found.append(dtype)
    return tuple(found)
