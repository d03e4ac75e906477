"""The results as tables; `python -m benchmarks.report FILE` prints them as Markdown."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.results import SLOPE_FROM, Results, Row


class Table(NamedTuple):
    """A table of texts."""

    title: str
    header: list[str]
    rows: list[list[str]]


def tables(results: Results) -> list[Table]:
    """Every table that has a row: times, decoding, share of the matrix-product rate, memory."""
    first = results.settings["methods"][0]
    per_T: list[tuple[str, str, Callable[[Row], str]]] = [
        (f"Forward and backward: median time (ratio to {first})", "forward_backward", lambda row: _time(results, row)),
        (f"Forward: median time (ratio to {first})", "forward", lambda row: _time(results, row)),
        (f"Decoding, after T tokens: tokens/s (time as a ratio to {first})", "decode", lambda row: _speed(results, row)),
        ("Forward and backward: share of the matrix-product rate", "forward_backward", lambda row: _share(results, row)),
        ("Forward: share of the matrix-product rate", "forward", lambda row: _share(results, row)),
        ("Decoding: peak memory (above what was resident before the steps)", "decode_memory", _memory),
        ("Peak memory of forward and backward (above the baseline)", "memory", _memory),
    ]  # fmt: skip
    made = [_table(results, *described) for described in per_T]
    slopes = [results.memory_slope(method) for method in results.methods]
    if made[-1].rows and any(slope is not None for slope in slopes):
        texts = ["" if slope is None else f"{slope:.2f}" for slope in slopes]
        made[-1].rows.append([f"slope from {SLOPE_FROM}", *texts])
    return [table for table in made if table.rows]


def headline(results: Results) -> list[str]:
    """Machine, settings and verdicts, a line each."""
    machine, settings = results.machine, results.settings
    rate = "" if results.product_rate is None else f"; matrix products: {results.product_rate / 1e9:.0f} GFLOP/s"
    return [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; "
        f"torch {machine['torch']} (threads: {machine['threads']}, {machine['instructions']}){rate}",
        f"batch {settings['batch']}, width {settings['width']}, {settings['heads']} heads, {settings['dtype']}; "
        f"medians of at least {settings['repetitions']} calls or those of {settings['budget']:g} s; "
        f"limits: {settings['time_limit']:g} s, {settings['memory_limit']:g} GiB",
        *(
            f"{a.method}: {a.verdict}" if a.admitted else f"{a.method} was not timed: {a.verdict}"
            for a in results.admissions
        ),
    ]


def markdown(results: Results) -> str:
    """The headline as a list, and the tables."""
    parts = ["\n".join(f"- {line}" for line in headline(results))]
    for table in tables(results):
        lines = [table.header, ["--:"] * len(table.header), *table.rows]
        parts.append("\n".join([f"**{table.title}**", "", *("| " + " | ".join(line) + " |" for line in lines)]))
    return "\n\n".join(parts) + "\n"


def _table(results: Results, title: str, measurement: str, cell: Callable[[Row], str]) -> Table:
    rows = []
    for T in results.lengths(measurement):
        found = [results.row(measurement, method, T) for method in results.methods]
        rows.append([str(T), *("" if row is None else _cell(row, cell) for row in found)])
    return Table(title, ["T", *results.methods], rows)


def _cell(row: Row, cell: Callable[[Row], str]) -> str:
    if row.status != "measured":
        return f"{row.status}: {row.message}" if row.message else row.status
    return cell(row)


def _time(results: Results, row: Row) -> str:
    return "" if row.median is None else _seconds(row.median) + _in_brackets(results.ratio(row))


def _speed(results: Results, row: Row) -> str:
    if row.median is None:
        return ""
    return f"{results.settings['batch'] / row.median:.0f}" + _in_brackets(results.ratio(row))


def _share(results: Results, row: Row) -> str:
    share = results.share(row)
    return "" if share is None else f"{100 * share:.0f} %"


def _memory(row: Row) -> str:
    if row.peak_bytes is None:
        return ""
    above = "" if row.baseline_bytes is None else f" ({_mebibytes(row.peak_bytes - row.baseline_bytes)})"
    return f"{_mebibytes(row.peak_bytes)} MiB{above}"


def _mebibytes(number: int) -> str:
    return f"{number / 2**20:.0f}"


def _seconds(seconds: float) -> str:
    value, unit = (seconds, "s") if seconds >= 1 else (1e3 * seconds, "ms")
    return f"{value:#.3g}".rstrip(".") + f" {unit}" if value < 1000 else f"{value:.0f} {unit}"


def _in_brackets(ratio: float | None) -> str:
    return "" if ratio is None else f" ({ratio:.2f})"


def main() -> None:
    """Print the tables of the file that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.report FILE")
    try:
        print(markdown(Results.from_json(Path(sys.argv[1]).read_text(encoding="utf-8"))), end="")
    except (OSError, ValueError) as error:
        sys.exit(f"cannot read {sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
