"""The influences of earlier tokens on one token of a real layer, by number of hops."""

from typing import Any

import numpy as np

from sessa_ref.influence.hop_shares import HopShares
from sessa_ref.plotting import style


def draw_hops(signed: HopShares, shares: HopShares) -> Any:
    """A matplotlib figure over the source tokens: the influence above, its shares by hops below, stacked.

    Args:
        signed: the influences.
        shares: the influences whose shares are shown: the same, or those of magnitudes, since shares of both signs
            cannot be stacked.

    Raises:
        ValueError: there is no earlier token, or a share is negative.
        MissingMatplotlibError: matplotlib is not installed.
    """
    parts = np.nan_to_num(shares.shares)
    if signed.target < 1:
        raise ValueError("token 0 has no earlier tokens, so there is nothing to draw")
    if (parts < 0).any():
        raise ValueError("shares must not be negative, take those of the magnitudes of B")
    with style.applied(style.WITHOUT_GRID):
        figure = style.new_figure(6.4, 4.2)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.4])
        edges = np.arange(signed.target + 1) - 0.5
        above.stairs(signed.influence, edges, fill=True, color=style.GREY)
        above.set_ylabel(f"influence on\ntoken {signed.target}")
        names = [f"{k} hop{'' if k == 1 else 's'}" for k in range(1, len(parts))] + ["more"]
        bottom = np.zeros(signed.target)
        for share, name, colour in zip(parts, names, style.hop_colours(len(parts)), strict=True):
            if share.any():
                below.stairs(bottom + share, edges, baseline=bottom, fill=True, color=colour, label=name)
                bottom = bottom + share
        below.set(xlabel="source token", ylabel="share by hops", ylim=(0, 1))
        below.legend(loc="upper left", bbox_to_anchor=(1, 1), reverse=True)
    return figure
