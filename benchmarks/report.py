"""The results as tables; `python -m benchmarks.report FILE` prints them as Markdown.

README.md, benchmarks/README.md and the book take their numbers from here and from `benchmarks/results`.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.device import results as on_device
from benchmarks.results import SLOPE_FROM, Results, Row
from benchmarks.tables import Table, document

SUMMARY = (256, 1024, 4096)
"""Lengths of the short table."""


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
    return document(headline(results), tables(results))


def summary(*runs: Results) -> str:
    """Forward and backward of our layer, of the published one and of attention alone, as the lines of a table.

    A length's row is that of the last run that measured all three.
    """
    rows: dict[int, list[str]] = {}
    for run in runs:
        for T in run.lengths("forward_backward"):
            found = [run.row("forward_backward", method, T) for method in ("blocked", "published", "attention")]
            medians = [row.median for row in found if row is not None and row.median is not None]
            if T in SUMMARY and len(medians) == len(found):
                ours, published, attention = medians
                slower, faster = f"{ours / attention:.2f}", f"{published / ours:.2f}"
                rows[T] = [str(T), _seconds(ours), _seconds(published), faster, _seconds(attention), slower]
    header = ["T", "`SessaLayer`", "published", "times faster", "causal attention alone", "times slower"]
    return Table("", header, [rows[T] for T in sorted(rows)]).lines


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
        text = Path(sys.argv[1]).read_text(encoding="utf-8")
        if on_device.wrote(text):
            found = on_device.Results.from_json(text)
            print(document(found.headline(), [found.table()]), end="")
        else:
            print(markdown(Results.from_json(text)), end="")
    except (OSError, ValueError) as error:
        sys.exit(f"cannot read {sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
