"""The influences on a token by number of hops, as a table."""

import sys

import numpy as np
from rich.console import Console
from rich.table import Table

from sessa_ref.influence.hop_shares import HopShares


def print_hop_table(console: Console, signed: HopShares, shares: HopShares, rows: int = 12) -> None:
    """A table of the strongest influences on a token, in order of the sources.

    Args:
        console: where it goes.
        signed: the influences.
        shares: the influences whose shares and mean hops are shown: the same, or those of magnitudes.
        rows: the most sources that are shown.
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
