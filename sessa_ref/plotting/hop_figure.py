"""What one token of a real layer hears of earlier tokens, by number of hops: as picture and as table."""

import sys
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sessa_ref.influence.hop_shares import Arrivals
from sessa_ref.plotting import saving, style


def draw_arrivals(signed: Arrivals, shares: Arrivals) -> Any:
    """A matplotlib figure over the source tokens: the influence above, its shares by hops below, stacked.

    Args:
        signed: the influences.
        shares: whose shares are shown: the same, or arrivals of magnitudes, since shares of both signs do not stack.

    Raises:
        ValueError: there is no earlier token, or a share is negative.
        MissingMatplotlibError: matplotlib is not installed.
    """
    parts = np.nan_to_num(shares.shares)
    if signed.target < 1:
        raise ValueError("token 0 has no earlier tokens, so there is nothing to draw")
    if (parts < 0).any():
        raise ValueError("shares must not be negative, take arrivals of the magnitudes of B")
    with style.applied():
        figure = saving.new_figure(6.4, 4.2)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.4])
        sources = np.arange(signed.target)
        above.bar(sources, signed.influence, width=1.0 if len(sources) > 60 else 0.8, color=style.GREY)
        above.set_ylabel(f"influence on\ntoken {signed.target}")
        names = [f"{k} hop{'' if k == 1 else 's'}" for k in range(1, len(parts))] + ["more"]
        bottom = np.zeros(len(sources))
        for share, name, colour in zip(parts, names, saving.hop_colours(len(parts)), strict=True):
            if share.any():
                below.bar(
                    sources, share, bottom=bottom, width=1.0 if len(sources) > 60 else 0.8, color=colour, label=name
                )
                bottom = bottom + share
        below.set(xlabel="source token", ylabel="share by hops", ylim=(0, 1))
        below.legend(loc="upper left", bbox_to_anchor=(1, 1), reverse=True)
    return figure


def print_arrivals(console: Console, signed: Arrivals, shares: Arrivals, rows: int = 12) -> None:
    """A table of the strongest influences on a token, in order of the sources.

    Args:
        console: where it goes.
        signed: the influences.
        shares: whose shares and mean hops are shown: the same, or arrivals of magnitudes.
        rows: sources that are shown at most.
    """
    table = Table(box=None, pad_edge=False, show_edge=False)
    for column in ("source", "lag", "influence"):
        table.add_column(column, justify="right")
    for k in range(1, len(shares.parts) + 1):
        table.add_column(f"{k} hop{'' if k == 1 else 's'}", justify="right")
    table.add_column("more", justify="right")
    table.add_column("mean hops", justify="right")
    strongest = np.sort(np.argsort(-np.abs(signed.influence), kind="stable")[:rows])
    for source in strongest.tolist():
        of_source = [_percent(share) for share in shares.shares[:, source].tolist()]
        mean = f"{shares.mean_hops[source]:.2f}"
        influence = f"{signed.influence[source]:+.3g}"
        table.add_row(str(source), str(signed.target - source), influence, *of_source, mean)
    total = np.abs(shares.influence).sum()
    if total > 0:
        pooled = [_percent(part) for part in (np.vstack([shares.parts, shares.beyond]).sum(axis=1) / total).tolist()]
        mean = float(np.nansum(shares.mean_hops * shares.influence) / total)
        table.add_section()
        table.add_row("all", "", f"{signed.influence.sum():+.3g}", *pooled, f"{mean:.2f}")
    whole = console.measure(table, options=console.options.update(max_width=sys.maxsize)).maximum
    console.width = max(console.width, whole)  # a number that is cut off is another number
    console.print(table, highlight=False)
    if len(strongest) < signed.target:
        console.print(f"the {len(strongest)} strongest of {signed.target} sources", highlight=False)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if np.isfinite(share) else "-"
