"""Two pictures of the ledger: how tight each bound is, and which statement rests on which."""

import textwrap
from pathlib import Path

import networkx
from matplotlib.lines import Line2D

from proofs_checks.evidence import Level
from proofs_checks.ledger import ROWS
from proofs_checks.outcome import Outcome, Status
from sessa_ref.plotting import style

_MARKERS = dict(zip(Level, "*osD^v", strict=True))
_OTHER = "#b0b0b0"
_EDGE = 1e-6
"""Below it bounds are so loose that it does not matter by how much."""


@style.applied()
def save_tightness(outcomes: dict[str, Outcome], path: Path) -> None:
    """Attained against claimed for every row whose claims are bounds: a mark for each family of cases that was tried.

    1 means that the bound is attained; it is at the left, where a phone begins to show the figure. The loosest rows are at the
    bottom. An arrow at the right edge stands for less than one millionth.
    """
    rows = sorted((one.tightness, one.id) for one in outcomes.values() if one.tightness)
    places = {name: place for place, (_, name) in enumerate(rows)}
    marks = [
        (piece.level, piece.tightness, places[name])
        for name in places
        for piece in outcomes[name].pieces
        if piece.level and piece.tightness and piece.tightness > 0 and not piece.refutes
    ]
    figure = style.new_figure(7.2, 0.9 + 0.17 * max(len(rows), 8))
    axes = figure.subplots()
    colours = _colours()
    for level in Level:
        at = [(tightness, place) for own, tightness, place in marks if own is level]
        look = {"color": colours[level], "alpha": 0.7, "linestyle": ""}
        if at:
            axes.plot([], [], marker=_MARKERS[level], label=str(level), **look)
        for marker, some in (
            (_MARKERS[level], [(x, y) for x, y in at if x >= _EDGE]),
            (">", [(0.7 * _EDGE, y) for x, y in at if x < _EDGE]),
        ):
            if some:
                axes.plot(*zip(*some, strict=True), marker=marker, **look)
    axes.axvline(1.0, color=style.GREY, linewidth=1.0)
    axes.set_xscale("log")
    axes.set_xlim(3.0, 0.5 * _EDGE)
    axes.set_yticks(range(len(rows)), [name for _, name in rows], fontsize=7)
    axes.set_ylim(-1, len(rows))
    axes.set_xlabel("attained / claimed, the largest for each family of cases")
    figure.legend(loc="outside upper left", ncols=3)
    figure.savefig(path)


@style.applied(style.WITHOUT_GRID)
def save_dependencies(outcomes: dict[str, Outcome], path: Path) -> None:
    """An arrow from each statement to those that it rests on, in columns: a column rests on those to its left."""
    graph = networkx.DiGraph([(name, one.id) for one in ROWS for name in one.needs])
    labels = {name: "\n".join(textwrap.wrap(name, 17)) for name in graph}
    places, tallest = _columns(list(networkx.topological_generations(graph)), labels)
    figure = style.new_figure(9.0, max(3.0, 0.12 * tallest))
    axes = figure.subplots()
    axes.axis("off")
    colours, boxes = _colours(), {}
    for name, place in places.items():
        outcome = outcomes[name]
        colour = colours[outcome.level] if outcome.status is Status.HOLDS and outcome.level else _OTHER
        box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": colour, "linewidth": 1.4}
        text = axes.text(*place, labels[name], ha="center", va="center", fontsize=6.5, bbox=box)
        boxes[name] = text.get_bbox_patch()
    arrow = {"arrowstyle": "-|>", "color": style.GREY, "lw": 0.6, "mutation_scale": 6, "shrinkA": 0, "shrinkB": 0}
    for earlier, later in graph.edges:  # from frame to frame, behind the frames between them
        ends = {"patchA": boxes[earlier], "patchB": boxes[later]}
        axes.annotate("", places[later], places[earlier], arrowprops=arrow | ends, zorder=1)
    levels = {one.level for one in outcomes.values() if one.level and one.id in places}
    other = Line2D([], [], color=_OTHER, marker="s", linestyle="", label="not yet checked, or refuted as printed")
    figure.legend(handles=[*_legend(levels), other], loc="outside upper left", fontsize=7)
    for limit, values in (
        (axes.set_xlim, [x for x, _ in places.values()]),
        (axes.set_ylim, [y for _, y in places.values()]),
    ):
        low, high = min(values, default=0.0), max(values, default=1.0)
        limit(low - 0.06 * (high - low), high + 0.06 * (high - low))
    figure.savefig(path)


def _columns(generations: list[list[str]], labels: dict[str, str]) -> tuple[dict[str, tuple[float, float]], float]:
    """Where each label stands, in lines of text: a column for each generation, with room for all lines; and the tallest."""
    places, tallest = {}, 0.0
    for column, names in enumerate(generations):
        heights = [1.0 + labels[name].count("\n") + 0.8 for name in names]
        top = sum(heights) / 2
        tallest = max(tallest, 2 * top)
        for name, height in zip(names, heights, strict=True):
            places[name] = (float(column), top - height / 2)
            top -= height
    return places, tallest


def _colours() -> dict[Level, str]:
    return dict(zip(Level, style.colours(), strict=False))


def _legend(levels: set[Level]) -> list[Line2D]:
    colours = _colours()
    return [
        Line2D([], [], color=colours[level], marker="s", linestyle="", label=str(level))
        for level in Level
        if level in levels
    ]
