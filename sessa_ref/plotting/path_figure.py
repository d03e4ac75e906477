"""Pictures of the paths between two tokens: a time line for each path, hops as arcs, widths by weight.

Where there are more paths than time lines fit, one time line for each number of hops carries all paths of that
length together, and an arc is as wide as all that passes through it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import sympy

from sessa_ref.plotting import style
from sessa_ref.symbolic import hops, paths
from sessa_ref.symbolic.routing import check_tokens, checked, numbers
from sessa_ref.symbolic.text import to_text

MOST_LINES = 32
"""The most paths that each get a time line of their own."""
MOST_ARCS = 8192
"""The most arcs in a picture; more would take minutes to draw and come out black."""


@dataclass(frozen=True)
class TimeLine:
    """One time line: arcs and how much each carries."""

    hops: int
    label: str
    arcs: dict[tuple[int, int], float]


def draw_paths(B: Any, source: int, target: int, values: dict[Any, Any] | None = None) -> Any:
    """A matplotlib figure of all paths from source to target.

    Args:
        B: routing matrix with symbols or numbers.
        source: where the paths begin.
        target: where they end.
        values: numbers for B's symbols, for the widths; any symbol left over counts as 1. Labels keep the symbols.

    Raises:
        ValueError: B is not strictly lower-triangular, there are no such tokens, or there are too many arcs.
        MissingMatplotlibError: matplotlib is not installed.
    """
    matrix = checked(B)
    check_tokens(matrix.rows, source, target)
    weighted = numbers(matrix, values or {})
    if paths.count(target - source) <= MOST_LINES:
        lines = _line_for_each_path(matrix, weighted, source, target)
    else:
        lines = _line_for_each_length(weighted, source, target)
    arcs = sum(len(line.arcs) for line in lines)
    if arcs > MOST_ARCS:
        raise ValueError(f"the paths must be drawn with at most {MOST_ARCS:,} arcs, got {arcs:,}: the lag is too long")
    with style.applied(style.WITHOUT_GRID):
        return _draw(lines, source, target)


def _line_for_each_path(matrix: sympy.Matrix, weighted: sympy.Matrix, source: int, target: int) -> list[TimeLine]:
    lines = []
    for path in paths.enumerate_paths(source, target):
        weight = float(path.weight(weighted))
        if weight:
            lines.append(TimeLine(path.hops, to_text(path.weight(matrix)), dict.fromkeys(path.edges, weight)))
    return lines


def _line_for_each_length(weighted: sympy.Matrix, source: int, target: int) -> list[TimeLine]:
    """Through edge j -> t pass, in k hops, the sum over i < k of (B^(k-1-i))_{target,t} B_tj (B^i)_{j,source}."""
    B = np.array(weighted.tolist(), dtype=np.float64)
    arriving, leaving = [np.eye(len(B))[:, source]], [np.eye(len(B))[target]]
    for _ in range(target - source):
        arriving.append(B @ arriving[-1])
        leaving.append(leaving[-1] @ B)
    counts = hops.by_hops(weighted.applyfunc(lambda entry: sympy.Integer(entry != 0)), source, target)
    lines = []
    for k in range(1, target - source + 1):
        flow = sum(np.outer(leaving[k - 1 - i], arriving[i]) for i in range(k)) * B
        arcs = {(int(j), int(t)): float(flow[t, j]) for t, j in np.argwhere(flow)}
        if arcs:
            lines.append(TimeLine(k, f"{int(counts[k]):,} path{'' if counts[k] == 1 else 's'}", arcs))
    return lines


def _draw(lines: Sequence[TimeLine], source: int, target: int) -> Any:
    lag = max(target - source, 1)
    tops = [max((_height(j, t, lag) for j, t in line.arcs), default=0.0) for line in lines]
    bases = -np.cumsum([top + 0.3 for top in tops])
    depth = 0.3 - (bases[-1] if len(bases) else 0.0)
    figure = style.new_figure(6.4, 0.6 + min(0.85, 0.35 + 0.1 * lag) * depth)
    axes = figure.subplots()
    colours = dict(zip(range(1, lag + 1), style.hop_colours(lag), strict=True))
    heaviest = max((abs(weight) for line in lines for weight in line.arcs.values()), default=1.0)
    tokens = range(source, target + 1)
    for base, line in zip(bases, lines, strict=True):
        colour = colours.get(line.hops, style.GREY)
        visited = sorted({token for arc in line.arcs for token in arc})
        axes.plot([source, target], [base, base], color=style.GREY, linewidth=0.6, zorder=1)
        axes.scatter(tokens, [base] * len(tokens), s=8, color="white", edgecolor=style.GREY, linewidth=0.6, zorder=3)
        axes.scatter(visited, [base] * len(visited), s=20, color=[colour], zorder=4)
        for (j, t), weight in line.arcs.items():
            look = {"color": colour, "linewidth": 0.6 + 3.4 * abs(weight) / heaviest}
            axes.plot(*_arc(j, t, base, lag), linestyle="-" if weight > 0 else (0, (3, 1.5)), zorder=2, **look)
        axes.text(target + 0.03 * lag, base + 0.05, line.label, va="bottom", ha="left")
    for k, members in groupby(zip(bases, lines, strict=True), key=lambda member: member[1].hops):
        there = [base for base, _ in members]
        name = f"{k} hop{'' if k == 1 else 's'}"
        axes.text(source - 0.03 * lag, (there[0] + there[-1]) / 2 + 0.05, name, va="bottom", ha="right")
    axes.set(xlim=(source - 0.18 * lag, target + 0.32 * lag), ylim=(-depth, 0.05))
    axes.set_xticks(tokens[:: max(1, lag // 12)])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_bounds(source, target)
    axes.set_xlabel("token")
    return figure


def _height(start: int, stop: int, lag: int) -> float:
    """How high the arc of a hop rises: 1 for the longest."""
    return ((stop - start) / lag) ** 0.6


def _arc(start: int, stop: int, base: float, lag: int) -> tuple[Any, Any]:
    """Half an ellipse above the time line."""
    angle = np.linspace(0, np.pi, 60)
    x = (start + stop) / 2 - (stop - start) / 2 * np.cos(angle)
    return x, base + np.sin(angle) * _height(start, stop, lag)
