"""The routing matrix as a heat map beside its powers and the inverse that they add up to."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array
from sessa_ref.plotting import style


def draw_powers(B: Float64[Array, "T T"], hops: int = 4) -> Any:
    """A matplotlib figure: B, B^2, ..., B^hops, and the influences (I - B)^(-1) without the identity.

    Each map has its own scale of colours, by the square root, which shows the tails; where entries are negative,
    white is 0.

    Raises:
        ValueError: B is not a strictly lower-triangular matrix of at least two tokens, or `hops` is not positive.
        MissingMatplotlibError: matplotlib is not installed.
    """
    if B.ndim != 2 or B.shape[0] != B.shape[1] or len(B) < 2 or np.triu(B).any():
        raise ValueError(f"B must be strictly lower-triangular and have two tokens or more, got shape {B.shape}")
    if hops < 1:
        raise ValueError(f"hops must be positive, got {hops}")
    powers = [np.linalg.matrix_power(B, k) for k in range(1, min(hops, len(B) - 1) + 1)]
    everything = np.linalg.solve(np.eye(len(B)) - B, B)
    maps = [("$B$", powers[0])]
    maps += [(f"$B^{{{k}}}$", power) for k, power in enumerate(powers[1:], start=2)]
    maps += [("$(I - B)^{-1} - I$", everything)]
    signed = any((matrix < 0).any() for _, matrix in maps)
    with style.applied(style.WITHOUT_GRID):
        figure = style.new_figure(1.9 * len(maps) + 0.4, 2.7)
        figure.set_layout_engine("compressed")
        for number, (title, matrix) in enumerate(maps):
            panel = figure.add_subplot(1, len(maps), number + 1)
            _heat_map(figure, panel, matrix, signed)
            panel.set(title=title, xlabel="from token", ylabel="" if number else "to token")
    return figure


def _heat_map(figure: Any, panel: Any, matrix: Float64[Array, "T T"], signed: bool) -> None:
    from matplotlib.colors import FuncNorm
    from matplotlib.ticker import MaxNLocator

    T = len(matrix)
    shown = np.ma.masked_where(np.triu(np.ones((T, T), dtype=bool)), matrix)
    largest = float(np.abs(matrix).max()) or 1.0
    scale = FuncNorm((_signed_root, _signed_square), vmin=-largest if signed else 0.0, vmax=largest)
    image = panel.imshow(shown, cmap="PuOr" if signed else "cividis", norm=scale)
    panel.spines[:].set_visible(False)
    ticks = range(0, T, max(1, (T + 4) // 5))
    panel.set_xticks(ticks)
    panel.set_yticks(ticks if panel.get_subplotspec().is_first_col() else [])
    panel.tick_params(length=0)
    bar = figure.colorbar(image, ax=panel, location="bottom", aspect=14)
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(2)
    bar.update_ticks()


def _signed_root(values: Any) -> Any:
    return np.sign(values) * np.sqrt(np.abs(values))


def _signed_square(values: Any) -> Any:
    return np.sign(values) * np.square(values)
