"""What `sessa-ref construct selective-retrieval` does."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from sessa_ref.commands.terminal import Console, progress
from sessa_ref.constructions import Channels, Measured, Network
from sessa_ref.constructions.exponents import fit_exponent
from sessa_ref.constructions.other_side import attention_margin, ssm_margin
from sessa_ref.constructions.selective_retrieval import (
    NAMES,
    column_margins,
    competitors,
    margins,
    measure_scores,
    selective_retrieval,
)
from sessa_ref.constructions.transport import kernel, perturbed_kernel
from sessa_ref.files import try_to_write
from sessa_ref.plotting import margin_figure, picture_files

BENT = (
    "the proof's constants bend the profile, within what the theorem allows, and the exponent that is seen is too small; "
    "--improved shows the power"
)
"""Said of the printed construction, whose claim is the bound of the theorem and not the exponent."""

MOST = 2048
"""The largest horizon: all scores are computed, T tangents of T tokens."""


def run(
    out: Console,
    log: Console,
    k: int,
    beta: float,
    horizon: int,
    *,
    target: int,
    width: int,
    radius: float,
    seed: int,
    improved: bool,
    plot: Path | None,
    output: Path | None,
) -> bool:
    """Build, measure, print, draw, save; nothing is written before all is measured. Returns whether the claim holds.

    Raises:
        ValueError: an option is out of its range.
        OSError: a file cannot be written.
    """
    if horizon > MOST:
        raise ValueError(f"the horizon must be at most {MOST}, got {horizon}: every score is computed")
    if width < 6:
        raise ValueError(f"the width must be at least 6, the channels that the network uses, got {width}")
    if plot is not None:
        picture_files.check_files(plot)
    try_to_write(*(path for path in (plot, output) if path is not None))
    names = NAMES if width > 6 else tuple(name for name in NAMES if name != "tgt")
    rng = np.random.default_rng(seed)
    channels = Channels.random(width, names, rng) if width > 7 else Channels(width, names)
    with progress(log, 4) as show:
        show("building the network")
        better = {"damping": 1024.0, "keep": False} if improved else {}
        built = selective_retrieval(k, beta, horizon, target=target, radius=radius, channels=channels, **better)
        x = rng.standard_normal((target + horizon + 1, width))
        x *= radius / np.linalg.norm(x, axis=-1, keepdims=True)
        show(f"scores of {len(x)} tokens through {len(built.network.blocks)} blocks")
        scores = kernel(built.network, channels, x)
        show("the same by perturbation")
        moved = perturbed_kernel(built.network, channels, x, [target])[:, 0]
        show("measuring")
        measured = measure_scores(built.network, scores)
    margin, rest = margins(scores, target), competitors(scores, target)
    _print(out, built.claim.says, measured, margin, rest, scores[:, target] - moved)
    if len(margin) >= 128:
        fitted, nu = fit_exponent(margin, 1 - beta, target), built.network.notes["exponent"]
        out.print(f"exponent fitted to these lags: {fitted.value:.4f} +- {fitted.error:.4f}; nu = {nu:g}")
        if not improved and k > 1:
            out.print(BENT)
    if output is not None:
        built.network.save(output)
        log.print(f"network written to {output}")
    if plot is not None:
        curves = _curves(built.network, channels, x, margin, target, k)
        figure = margin_figure.draw_margins(curves, built.network.notes["exponent"])
        picture_files.save(figure, plot)
        log.print(f"picture written to {plot}")
    return all(one.holds for one in measured)


def _curves(
    network: Network, channels: Channels, x: np.ndarray, margin: np.ndarray, target: int, k: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The margin; that of the same network without feedback in its macro-layers; those of the comparison classes."""
    lags, horizon = np.arange(1, len(margin) + 1), len(margin)
    off = network.without_feedback(["diffuse sig"])
    return {
        "Sessa": (lags, margin),
        "the same, feedback off": (lags, column_margins(off, channels, x, target)),
        f"diffuse attention, depth {k}": (lags, attention_margin(k, horizon, target)),
        f"SSM, freeze time fails, depth {k}": (lags, ssm_margin(k, horizon, target=target)),
    }


def _print(
    out: Console,
    says: str,
    measured: Sequence[Measured],
    margin: np.ndarray,
    rest: np.ndarray,
    difference: np.ndarray,
) -> None:
    out.print(f"Theorem 12: {says}.")
    table = Table("what", "measured", "", "promised", "")
    for one in measured:
        relation = "at least" if one.least else "at most"
        table.add_row(one.about, f"{one.value:.6g}", relation, f"{one.promised:.6g}", "holds" if one.holds else "FAILS")
    out.print(table)
    lags = [lag for lag in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048) if lag <= len(margin)]
    out.print("lag     " + "  ".join(f"{lag:>9}" for lag in lags))
    out.print("margin  " + "  ".join(f"{margin[lag - 1]:>9.4g}" for lag in lags))
    out.print("others  " + "  ".join(f"{rest[lag - 1]:>9.1e}" for lag in lags))
    out.print(f"Jacobian against a perturbation of size 1: {np.max(np.abs(difference)):.1e}")
