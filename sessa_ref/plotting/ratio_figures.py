"""Error over bound of every check, as inline SVG: for each case, and against the number of tokens.

Each check has a colour and a marker. Texts stay texts, so that the page can set their font and colour.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from sessa_ref.plotting import picture_files, style

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_WRONG = "#D55E00"
"""Colour of the region beyond the bound."""
_LOWEST, _HIGHEST = -3, 1
"""Exponents of ten: the axis of ratios begins at the first or above, and ends at the second or above."""


@runtime_checkable
class Measured(Protocol):
    """One check of one case in one precision."""

    @property
    def case(self) -> str:
        """Name of the case."""
        ...

    @property
    def dtype(self) -> str:
        """The precision."""
        ...

    @property
    def check(self) -> str:
        """Name of the check."""
        ...

    @property
    def ratio(self) -> float | None:
        """Error over bound, possibly infinite; None where nothing was measured."""
        ...


@style.applied(style.ON_ANY_PAGE)
def ratios_by_case(results: Sequence[Measured]) -> str:
    """A row for each case, a panel for each precision, a mark for each check.

    Raises:
        MissingMatplotlibError: matplotlib is not installed.
    """
    cases = list(dict.fromkeys(result.case for result in results))
    figure, panels = _panels(results, height=0.45 + 0.2 * len(cases), share="y")
    low, high, ticks = _scale(results)
    checks = _checks(results)
    for panel, (dtype, measured) in zip(panels, _by_dtype(results).items(), strict=False):
        panel.set(title=dtype, xscale="log", xlim=(low, high), ylim=(len(cases) - 0.4, -0.6))
        panel.set_xticks(list(ticks), list(ticks.values()))
        panel.set_xticks([], minor=True)
        panel.set_yticks(range(len(cases)), cases)
        panel.tick_params(axis="y", length=0, pad=7)
        panel.grid(visible=False, axis="x")
        panel.axvspan(1, high, color=_WRONG, alpha=0.08, linewidth=0)
        panel.axvline(1, color=style.GREY, linestyle="--", linewidth=1)
        for result in measured:
            place = cases.index(result.case) + 0.5 * (checks.index(result.check) / len(checks) - 0.4)
            _mark(panel, checks, result, _within(result.ratio, low, high), place, at_edge=">")
    figure.supxlabel("error / bound")
    return picture_files.to_svg(figure, "by-case", "Error over bound of every check, for each case and precision")


@style.applied(style.ON_ANY_PAGE)
def ratios_by_length(results: Sequence[Measured], lengths: Mapping[str, int]) -> str:
    """Error/bound against tokens, a panel for each precision; cases whose T is not in `lengths` are left out.

    Raises:
        MissingMatplotlibError: matplotlib is not installed.
    """
    results = [result for result in results if result.case in lengths]
    figure, panels = _panels(results, height=3.2, share="all")
    low, high, ticks = _scale(results)
    checks = _checks(results)
    longest = max((lengths[result.case] for result in results), default=1)
    powers = [0, *(2**k for k in range(0, longest.bit_length() + 1, 1 + longest.bit_length() // 6))]
    for panel, (dtype, measured) in zip(panels, _by_dtype(results).items(), strict=False):
        panel.set(title=dtype, yscale="log", ylim=(low, high))
        panel.set_xscale("symlog", base=2, linthresh=1, linscale=0.5)  # shows T = 0, too
        panel.set(xlim=(-0.3, 1.4 * max(longest, 1)))
        panel.set_xticks(powers, [str(T) for T in powers])
        panel.set_xticks([], minor=True)
        panel.set_yticks(list(ticks), list(ticks.values()))
        panel.set_yticks([], minor=True)
        panel.axhspan(1, high, color=_WRONG, alpha=0.08, linewidth=0)
        panel.axhline(1, color=style.GREY, linestyle="--", linewidth=1)
        for result in measured:
            _mark(panel, checks, result, float(lengths[result.case]), _within(result.ratio, low, high), at_edge="^")
    figure.supxlabel("tokens T")
    figure.supylabel("error / bound")
    return picture_files.to_svg(figure, "by-length", "Error over bound of every check against the number of tokens")


def _panels(results: Sequence[Measured], height: float, share: str) -> tuple[Any, list[Any]]:
    """A figure with a panel for each precision, two in a row, and the legend of the checks."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.lines import Line2D

    count = max(len(_by_dtype(results)), 1)
    rows, columns = math.ceil(count / 2), min(count, 2)
    checks = _checks(results)
    legend_rows = math.ceil(len(checks) / 4)
    figure = Figure(figsize=(5.2, 0.4 + 0.2 * legend_rows + rows * height), layout=ConstrainedLayoutEngine(wspace=0.08))
    sharing: dict[str, Any] = {"sharex": share == "all", "sharey": True}
    grid = figure.subplots(rows, columns, squeeze=False, **sharing)
    panels = list(grid.flat)
    for unused in panels[count:]:
        unused.set_visible(False)
    for panel in panels:
        panel.patch.set_alpha(0)
    handles = [
        Line2D([], [], color=_mark_of(checks, check)[0], marker=_mark_of(checks, check)[1], linestyle="")
        for check in checks
    ]
    figure.legend(handles, checks, loc="outside upper center", ncols=4, columnspacing=1, handletextpad=0, fontsize=9.5)
    return figure, panels


def _mark(panel: Any, checks: list[str], result: Measured, x: float, y: float, at_edge: str) -> None:
    color, marker = _mark_of(checks, result.check)
    finite = result.ratio is not None and math.isfinite(result.ratio)
    edge = {} if finite else {"marker": at_edge, "markersize": 8}
    shape = {"color": color, "marker": marker, "markeredgewidth": 0, "linestyle": "", "clip_on": False}
    panel.plot([x], [y], zorder=3, **(shape | edge))


def _mark_of(checks: list[str], check: str) -> tuple[str, str]:
    number = checks.index(check) % len(_MARKERS)
    colour = style.colours()[number]
    return style.GREY if colour == "#000000" else colour, _MARKERS[number]  # black cannot be seen on a dark page


def _checks(results: Sequence[Measured]) -> list[str]:
    return list(dict.fromkeys(result.check for result in results))


def _by_dtype(results: Sequence[Measured]) -> dict[str, list[Measured]]:
    """The results that have a ratio, by precision."""
    groups: dict[str, list[Measured]] = {}
    for result in results:
        if result.ratio is not None:
            groups.setdefault(result.dtype, []).append(result)
    return groups


def _scale(results: Sequence[Measured]) -> tuple[float, float, dict[float, str]]:
    """Ends and labelled ticks of the axis of ratios; its upper end stands for infinity where that occurs."""
    ratios = [result.ratio for result in results if result.ratio is not None]
    exponents = [math.log10(ratio) for ratio in ratios if ratio > 0 and math.isfinite(ratio)]
    low = max(_LOWEST, min([-2, *map(math.floor, exponents)]))
    high = max([_HIGHEST, *map(math.ceil, exponents)])
    step = math.ceil((high - low) / 3)
    ticks = {10.0**e: _power_of_ten(e) for e in range(-step * (-low // step), high + 1, step)}
    if all(map(math.isfinite, ratios)):
        return 10.0**low, 10.0**high, ticks
    top = high + max(1, math.ceil((high - low) / 5))
    return 10.0**low, 10.0**top, ticks | {10.0**top: "∞"}


def _power_of_ten(exponent: int) -> str:
    if -3 < exponent < 3:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _within(ratio: float | None, low: float, high: float) -> float:
    """The ratio, or the end of the axis beyond which it is."""
    return min(max(ratio, low), high) if ratio is not None and math.isfinite(ratio) else high
