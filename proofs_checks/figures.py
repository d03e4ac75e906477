"""Two pictures of the ledger: how tight each bound is, and which statement rests on which."""

from pathlib import Path

import networkx
from matplotlib.lines import Line2D

from proofs_checks.evidence import Level
from proofs_checks.ledger import ROWS
from proofs_checks.outcome import Outcome, Status
from sessa_ref.plotting import style

_MARKERS = dict(zip(Level, "*osD^v", strict=True))
_OTHER = "#b0b0b0"


@style.applied()
def save_tightness(outcomes: dict[str, Outcome], path: Path) -> None:
    """Attained against claimed for every row whose claims are bounds, the loosest at the bottom.

    1 means that the bound is attained.
    """
    bounds = [(one.tightness, one.level, one.id) for one in outcomes.values() if one.tightness and one.level]
    bounds.sort()
    figure = style.new_figure(7.2, 0.9 + 0.17 * max(len(bounds), 8))
    axes = figure.subplots()
    colours = _colours()
    for place, (tightness, level, _) in enumerate(bounds):
        axes.plot(tightness, place, _MARKERS[level], color=colours[level])
    axes.axvline(1.0, color=style.GREY, linewidth=1.0)
    axes.set_xscale("log")
    axes.set_yticks(range(len(bounds)), [name for *_, name in bounds], fontsize=7)
    axes.set_ylim(-1, len(bounds))
    axes.set_xlabel("attained / claimed, the largest that was found")
    axes.legend(handles=_legend({level for _, level, _ in bounds}), loc="upper left")
    figure.savefig(path)


@style.applied(style.WITHOUT_GRID)
def save_dependencies(outcomes: dict[str, Outcome], path: Path) -> None:
    """An arrow from each statement to those that it rests on, in columns: a column rests on those to its left."""
    graph = networkx.DiGraph([(name, one.id) for one in ROWS for name in one.needs])
    for depth, names in enumerate(networkx.topological_generations(graph)):
        for name in names:
            graph.nodes[name]["depth"] = depth
    places = networkx.multipartite_layout(graph, subset_key="depth") if graph else {}
    tallest = max((len(names) for names in networkx.topological_generations(graph)), default=1)
    figure = style.new_figure(9.0, max(3.0, 0.24 * tallest))
    axes = figure.subplots()
    axes.axis("off")
    for earlier, later in graph.edges:
        axes.annotate(
            "", places[later], places[earlier], arrowprops={"arrowstyle": "->", "color": "#c0c0c0", "lw": 0.6}
        )
    colours = _colours()
    for name, place in places.items():
        outcome = outcomes[name]
        colour = colours[outcome.level] if outcome.status is Status.HOLDS and outcome.level else _OTHER
        box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": colour, "linewidth": 1.4}
        axes.text(*place, name, ha="center", va="center", fontsize=6.5, bbox=box)
    levels = {one.level for one in outcomes.values() if one.level and one.id in places}
    other = Line2D([], [], color=_OTHER, marker="s", linestyle="", label="not yet checked, or refuted as printed")
    axes.legend(handles=[*_legend(levels, marker="s"), other], loc="lower right", fontsize=7)
    axes.margins(0.06)
    figure.savefig(path)


def _colours() -> dict[Level, str]:
    return dict(zip(Level, style.colours(), strict=False))


def _legend(levels: set[Level], marker: str | None = None) -> list[Line2D]:
    colours = _colours()
    return [
        Line2D([], [], color=colours[level], marker=marker or _MARKERS[level], linestyle="", label=str(level))
        for level in Level
        if level in levels
    ]
