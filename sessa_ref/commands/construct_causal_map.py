"""What `sessa-ref construct causal-map` does."""

from pathlib import Path

import numpy as np
from rich.table import Table

from sessa_ref.commands.terminal import Console, progress
from sessa_ref.constructions.universal import FITS, Approximation, Route, approximate
from sessa_ref.files import try_to_write
from sessa_ref.oracle.implementation.targets import load_object

MOST_INPUTS = 64
"""The largest length times width: beyond it no fit of this program has been tried."""


def run(
    out: Console,
    log: Console,
    target: str,
    *,
    length: int,
    width: int,
    low: float,
    high: float,
    tolerance: float,
    route: Route,
    units: int,
    seed: int,
    output: Path | None,
) -> bool:
    """Build, measure, print, save; whether the tolerance was reached. A network that misses it is not saved.

    Raises:
        ValueError: an option is out of its range, F is not causal, or it does not give finite numbers of the right shape.
        OSError: the file cannot be written.
    """
    if not 1 <= length * width <= MOST_INPUTS:
        raise ValueError(f"length times width must lie in 1 .. {MOST_INPUTS}, got {length} x {width}")
    if units < 1:
        raise ValueError(f"units must be positive, got {units}")
    if output is not None:
        try_to_write(output)
    function = load_object(target)
    if not callable(function):
        raise ValueError(f"{target} is no function")
    sizes = [size for size in (4, 8, 16, 32, 64, 128, 256) if size < units] + [units]
    with progress(log, 0) as show:
        found = approximate(
            function, length, width, (low, high), tolerance, route=route, sizes=sizes, seed=seed, progress=show
        )
    _print(out, target, found)
    if not found.reached:
        change, distance = found.target.steepest(np.random.default_rng(seed))
        out.print(_why(found, change, distance))
    elif output is not None:
        found.network.save(output)
        log.print(f"network written to {output}")
    return found.reached


def _print(out: Console, target: str, found: Approximation) -> None:
    network = found.network
    out.print(f"Theorem 14 for {target}: {found.claim.says}.")
    out.print(
        f"{len(network.blocks)} blocks of width {network.width}, d_k = 2; {found.route} read-out of {found.units} hidden units; "
        f"F's values span {found.span:.4g}"
    )
    table = Table("step of the proof", "number")
    for about, value in found.budget:
        table.add_row(about, f"{value:.3g}")
    out.print(table)
    verdict = "reached" if found.reached else "NOT reached"
    out.print(f"sup error {found.error:.4g}, tolerance {found.tolerance:g}: {verdict}")


def _why(found: Approximation, change: float, distance: float) -> str:
    if change > found.tolerance / 2 and distance < 1e-6 * (found.target.high - found.target.low):
        return (
            f"F changes by {change:.3g} between inputs that are {distance:.1g} apart: it is not continuous there, or as good as; "
            "Theorem 14 is for continuous maps, and no network was written"
        )
    return (
        f"the fits reach {dict(found.budget)[FITS]:.3g}; F's steepest "
        f"change that was found is {change / distance:.3g} per unit. More units or a larger tolerance may do; no network was written"
    )
