"""Margins of selective retrieval against the lag."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Shaped

from sessa_ref.notation import Array
from sessa_ref.plotting import style

LEAST = 1e-4
"""The lowest margin that is shown, relative to the first curve's largest: exponentials fall out of sight."""


def draw_margins(
    curves: Mapping[str, tuple[Shaped[Array, " n"], Shaped[Array, " n"]]], exponent: float | None = None
) -> Any:
    """A matplotlib figure of curves (lags, margin) by name, both axes logarithmic.

    Args:
        curves: values that are not positive are left out.
        exponent: of a power of 1 + lag that is drawn beside the first curve, as a line of dashes; None for none.

    Raises:
        ValueError: there is no curve.
        MissingMatplotlibError: matplotlib is not installed.
    """
    if not curves:
        raise ValueError("margins need at least one curve")
    with style.applied():
        figure = style.new_figure(5.6, 3.4)
        figure.set_layout_engine("compressed")
        panel = figure.add_subplot()
        for name, (lags, margin) in curves.items():
            shown = np.asarray(margin) > 0
            panel.plot(np.asarray(lags)[shown], np.asarray(margin)[shown], label=name)
        if exponent is not None:
            lags, margin = next(iter(curves.values()))
            power = margin[-1] * ((1.0 + lags) / (1.0 + lags[-1])) ** exponent
            panel.plot(lags, power, "--", color="0.5", label=f"$(1 + \\mathrm{{lag}})^{{{exponent:g}}}$")
        first = next(iter(curves.values()))[1]
        panel.set_ylim(bottom=LEAST * float(np.max(first)))
        panel.set(xscale="log", yscale="log", xlabel="lag", ylabel="margin")
        panel.legend()
    return figure
