"""Time and peak memory against T, a panel each; colours of Okabe and Ito, and a marker for each method."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.results import Results
from benchmarks.settings import METHODS
from sessa_ref.plotting import style

_MARKS: dict[str, tuple[str, str]] = dict(
    zip(
        METHODS,
        [("#0072B2", "o"), ("#E69F00", "s"), ("#009E73", "^"), ("#000000", "D"), ("#D55E00", "v")],
        strict=True,
    )
)


@style.applied({})
def save(results: Results, path: Path) -> None:
    """Write the figure; the name's ending chooses the format."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    time, memory = figure.subplots(1, 2)
    for method in results.methods:
        color, marker = _MARKS[method]
        for panel, points in ((time, _times(results, method)), (memory, _peaks(results, method))):
            panel.plot(*points, color=color, marker=marker, markersize=5, linewidth=1.5, label=method)
    for panel, title in (
        (time, "forward and backward: median time in s"),
        (memory, "peak memory above the baseline in MiB"),
    ):
        panel.set_title(title, fontsize=11)
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        panel.yaxis.set_minor_locator(NullLocator())
        lengths = results.lengths("memory")
        panel.set_xticks(lengths, [f"{T}" for T in lengths])
        panel.set_xticks([], minor=True)
        panel.set_xlabel("tokens T")
        panel.grid(color="#808080", alpha=0.25, linewidth=0.5)
        panel.spines[["top", "right"]].set_visible(False)
    time.legend(frameon=False)
    settings = results.settings
    figure.suptitle(
        f"batch {settings['batch']}, width {settings['width']}, {settings['heads']} heads, {settings['dtype']}, "
        f"threads: {results.machine['threads']}, {results.machine['processor']}",
        fontsize=9.5,
        color="#606060",
    )
    figure.savefig(path, dpi=160)


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
