"""What `sessa-ref stability` checks and prints."""

import math
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from sessa_ref import reference
from sessa_ref.influence.ball_bounds import BallBound
from sessa_ref.influence.worst_inputs import WorstInput
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters

LONGEST = 4096
"""Most tokens: a step of the search takes some T^2 numbers of memory for each head."""


def check(radius: float, length: int, starts: int, steps: int, seed: int, save: Path | None) -> None:
    """Refuse options out of range before any work is done.

    Raises:
        ValueError: an option is out of range.
    """
    if not (radius > 0 and math.isfinite(radius)):
        raise ValueError(f"radius must be positive and finite, got {radius}")
    if not 1 <= length <= LONGEST:
        raise ValueError(f"length must lie between 1 and {LONGEST}, got {length}")
    for name, value, least in (("starts", starts, 1), ("steps", steps, 1), ("seed", seed, 0)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    if save is not None and save.suffix != ".npy":
        raise ValueError(f"save must name a .npy file, got {save}")
    if save is not None and not save.absolute().parent.is_dir():
        raise ValueError(f"save must name a file in a folder that exists, got {save}")


def print_bounds(console: Console, parameters: SessaParameters, bound: BallBound, worst: WorstInput) -> None:
    """Print what is proved beside what the worst input reaches, and what the bound rests on."""
    config, steps = parameters.config, reference.trace(parameters, worst.x)
    table = Table(title=f"inputs with |x_t| <= R = {bound.R:g}, T = {bound.T}", title_justify="left")
    for name in ("largest over tokens", "(52), every T", f"sharper, T = {bound.T}", "reached", "reached / sharper"):
        table.add_column(name, justify="left" if name.startswith("largest") else "right")

    def row(name: str, printed: float, sharper: float, reached: float) -> None:
        ratio = f"{reached / sharper:.3g}" if sharper else ""
        table.add_row(name, *(f"{number:.6g}" for number in (printed, sharper, reached)), ratio)

    paper, sharper = bound.paper, bound.sharper

    s, f = _largest(steps.s), _largest(steps.f)
    row("gain |γ_t|, ρ(R)", 1 - paper.margin, 1 - sharper.margin, float(np.abs(steps.gamma).max()))
    row("solve |s| / |f|", paper.factor, sharper.factor, s / f if f else 0.0)
    row("forward signal |f_t|", paper.F, sharper.F, f)
    row("states |s_t|", paper.states, sharper.states, s)
    row("gate: |g_t|; its entries", paper.G, sharper.G, float(np.abs(steps.g).max()))
    row("output |y_t|", paper.output, sharper.output, worst.output)
    console.print(table)
    console.print(
        f"(52) is Proposition 25: 1 / (1 - ρ(R)) = {paper.factor:.6g} with 1 - ρ(R) = {paper.margin:.6g}; sharper is "
        "(1 - ρ^T) / (1 - ρ), the gate by entries, and GELU split into half its argument and a rest"
    )
    console.print(
        f"the search tried {worst.tried} inputs and reached {worst.output:.6g}: the best possible bound for T = {bound.T} "
        f"lies between that and {sharper.output:.6g}, {sharper.output / worst.output:.3g} times as much"
    )
    if config.norm == "layernorm":
        console.print(
            "the layer has LayerNorm, and the paper's statement is for Norm = Id; here |standardised x_t| <= "
            f"R sqrt(D) / sqrt(R^2 + D eps) = {bound.size:.6g} stands for R after the norm, so that only the residual "
            "grows with R"
        )
    if config.heads > 1:
        console.print("the layer has several heads: |f_t| is bounded by the root of the sum of squares over heads")
    console.print("bounds are for real arithmetic, evaluated in float64")


def write(path: Path, x: Array) -> None:
    """Write the tokens.

    Raises:
        OSError: the file cannot be written.
    """
    np.save(path, x)


def _largest(tokens: Array) -> float:
    return float(np.linalg.norm(tokens, axis=-1).max())
