"""What `sessa-ref construct positions` does."""

from pathlib import Path

import numpy as np
from rich.table import Table

from sessa_ref.commands.terminal import Console, progress
from sessa_ref.constructions.positions import positions
from sessa_ref.files import try_to_write
from sessa_ref.theory.positions import distinct_positions, position_step
from sessa_ref.theory.sharp_attention import rotary_gap

MOST = 4096
"""The largest length: the definition's solve is quadratic in it."""


def run(
    out: Console, log: Console, *, length: int, width: int, gamma: float, radius: float, seed: int, output: Path | None
) -> bool:
    """Build, measure, print, save; whether the claim holds.

    Raises:
        ValueError: an option is out of its range.
        OSError: the file cannot be written.
    """
    if length > MOST:
        raise ValueError(f"the length must be at most {MOST}, got {length}: the solve is quadratic in it")
    if width < 1:
        raise ValueError(f"the width must be positive, got {width}")
    if output is not None:
        try_to_write(output)
    rng = np.random.default_rng(seed)
    with progress(log, 2) as show:
        show("building the network")
        built = positions(length, width, gamma, radius)
        x = rng.standard_normal((2, length, width))
        x *= radius / np.linalg.norm(x, axis=-1, keepdims=True)
        show(f"measuring on {length} tokens")
        measured = built.claim.measure(x)
    out.print(f"Lemma 4.10, Corollaries 4.11 to 4.13: one block of width {width} {built.claim.says}.")
    table = Table("what", "measured", "", "promised", "")
    for one in measured:
        relation = "at least" if one.least else "at most"
        table.add_row(one.about, f"{one.value:.3g}", relation, f"{one.promised:.3g}", "holds" if one.holds else "FAILS")
    out.print(table)
    step = float(position_step(length - 2, gamma))
    out.print(f"neighbours differ by at least {step:.4g} before scaling; without feedback all codes are equal")
    for name, epsilon in (("float64", 2.0**-52), ("float32", 2.0**-23), ("bfloat16", 2.0**-7)):
        out.print(
            f"  {name} can no longer tell neighbours apart from about T = {distinct_positions(gamma, epsilon):.2g}"
        )
    out.print(f"for comparison, rotary angles alone separate {length} positions by 1 - cos = {rotary_gap(length):.3g}")
    if output is not None:
        built.network.save(output)
        log.print(f"network written to {output}")
    return all(one.holds for one in measured)
