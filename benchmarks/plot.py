"""Time and peak memory against T, a panel each, with a colour and a marker for each method."""

from pathlib import Path
from typing import Any

from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.results import Results
from benchmarks.settings import METHODS
from sessa_ref.plotting import style

_MARKERS: dict[str, str] = dict(zip(METHODS, "osDv^", strict=True))


@style.applied()
def save(results: Results, path: Path) -> None:
    """Write the figure; the name's ending chooses the format."""
    figure = style.new_figure(9.0, 4.2)
    colours: dict[str, str] = dict(zip(METHODS, style.colours(), strict=False))
    time, memory = figure.subplots(1, 2)
    for method in results.methods:
        look = {"color": colours[method], "marker": _MARKERS[method], "label": method}
        for panel, points in ((time, _times(results, method)), (memory, _peaks(results, method))):
            panel.plot(*points, **look)
    for panel, title in (
        (time, "forward and backward: median time in s"),
        (memory, "peak memory above the baseline in MiB"),
    ):
        panel.set_title(title)
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        panel.yaxis.set_minor_locator(NullLocator())
        lengths = results.lengths("memory")
        panel.set_xticks(lengths, [f"{T}" for T in lengths])
        panel.set_xticks([], minor=True)
        panel.set_xlabel("tokens T")
    time.legend()
    settings = results.settings
    figure.suptitle(
        f"batch {settings['batch']}, width {settings['width']}, {settings['heads']} heads, {settings['dtype']}, "
        f"threads: {results.machine['threads']}, {results.machine['processor']}",
        fontsize=9.5,
    )
    figure.savefig(path)


def _times(results: Results, method: str) -> tuple[list[int], list[Any]]:
    rows = [row for row in results.rows if (row.measurement, row.method) == ("forward_backward", method)]
    return [row.T for row in rows if row.seconds], [row.median for row in rows if row.seconds]


def _peaks(results: Results, method: str) -> tuple[list[int], list[Any]]:
    rows = [row for row in results.rows if (row.measurement, row.method) == ("memory", method)]
    points = [
        (row.T, (row.peak_bytes - row.baseline_bytes) / 2**20)
        for row in rows
        if row.peak_bytes is not None and row.baseline_bytes is not None
    ]
    return [T for T, _ in points], [size for _, size in points]
