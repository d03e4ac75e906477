"""The blocks of a network as cases of the oracle: each on the tokens that reach it."""

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from sessa_ref import reference
from sessa_ref.constructions import Network
from sessa_ref.oracle import Case, TargetError
from sessa_ref.oracle.bounds.expectation import Expectation, spreads_for
from sessa_ref.precision import STANDARD_DTYPES

LONGEST = 64
"""The most tokens that are tried. Fewer than a network is for are enough, because it is causal."""

USELESS = 0.01
"""A bound beyond this share of what a block adds to its tokens leaves a precision no digits to judge."""


def saved_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a network that `Network.save` wrote, with the number and norm of tokens that its notes give.

    Raises:
        TargetError: the file cannot be read, or holds no network.
    """
    try:
        network = Network.load(path)
    except (OSError, ValueError) as error:
        raise TargetError(f"--network: {error}") from error
    T, radius = int(network.notes.get("T", 16)), float(network.notes.get("radius", 1.0))
    inputs = network.width if network.embed is None else network.embed.weight.shape[1]
    x = np.random.default_rng(0).standard_normal((2, min(T, LONGEST), inputs))
    return network_cases(network, radius * x / np.linalg.norm(x, axis=-1, keepdims=True))


def network_cases(network: Network, x: np.ndarray) -> tuple[Case, ...]:
    """A case for each block. True values and bounds are those of any case; the weights are unlike drawn ones.

    Rows are sharp, many entries are exactly 0, gains are close to 1, channels carry positions. A precision whose bound is
    too large to judge the block by is left out.

    Args:
        network: of the paper's blocks, or of published ones.
        x: tokens that the network is for, (batch, T, inputs).

    Raises:
        TargetError: no precision can judge any of the blocks.
    """
    cases = []
    for number, (name, block, steps) in enumerate(zip(network.names, network.blocks, network.traces(x), strict=True)):
        generator = np.random.default_rng(zlib.crc32(name.encode()))
        case = Case(
            f"{number} {name}",
            name,
            block,
            steps.x,
            generator.normal(size=steps.x.shape),
            split=steps.x.shape[1] // 2,
            extras=frozenset({"calls"}),
        )
        dtypes = _judged_in(case)
        if dtypes:
            cases.append(replace(case, dtypes=dtypes))
    if not cases:
        raise TargetError(
            "no precision can judge any block of this network: its rounding errors are as large as its outputs"
        )
    return tuple(cases)


def _judged_in(case: Case) -> tuple[str, ...]:
    """The precisions whose bounds are small beside what the block adds, channel by channel where it writes."""
    added = np.max(np.abs(reference.forward(case.parameters, case.x) - case.x), axis=(0, 1))
    written = added > 1e-9 * np.max(added)
    spread = spreads_for(case, "float64")  # in unit roundoffs: those of both precisions
    found = []
    for dtype in STANDARD_DTYPES:
        bound = np.broadcast_to(Expectation(case, dtype, spread).bounds("y"), case.x.shape).max(axis=(0, 1))
        if written.any() and np.all(bound[written] < USELESS * added[written]):
            found.append(dtype)
    return tuple(found)
