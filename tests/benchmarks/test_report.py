"""Tables, ratios, slopes and the JSON form, on results that are made up."""

import math
import re
from pathlib import Path

import pytest

from benchmarks.correctness import Admission
from benchmarks.plot import save
from benchmarks.report import main, markdown, summary, tables
from benchmarks.results import PRODUCT, Results, Row
from tests.rounding import LIBRARY, near

MACHINE = {
    "processor": "a processor", "cores": 2, "logical_cores": 4, "memory_bytes": 2**34, "system": "", "python": "",
    "torch": "2", "threads": 2, "instructions": "AVX2",
}  # fmt: skip
SETTINGS = {
    "batch": 1, "width": 512, "heads": 8, "dtype": "float32", "repetitions": 5, "budget": 1.0, "time_limit": 1.0,
    "memory_limit": 1.0, "methods": ["blocked", "dense", "hops"],
}  # fmt: skip
ADMISSIONS = [
    Admission("blocked", True, "conforms"),
    Admission("dense", True, "conforms"),
    Admission("hops", False, "does not conform"),
]


def memory(method: str, T: int, above: int) -> Row:
    return Row("memory", method, T, peak_bytes=2**28 + above, baseline_bytes=2**28)


def product(T: int, rate: float) -> Row:
    return Row("forward_backward", PRODUCT, T, seconds=(0.5, 0.1, 0.2), operations=0.2 * rate)


ROWS = [
    Row("forward_backward", "blocked", 1024, seconds=(0.5, 0.1, 0.2), operations=2e10),
    Row("forward_backward", "dense", 1024, seconds=(0.6, 0.7), operations=2e10),
    Row("forward_backward", "blocked", 4096, seconds=(1.25,), operations=3e11),
    Row("forward_backward", "dense", 4096, "over memory"),
    Row("decode", "blocked", 256, seconds=(0.01,)),
    Row("decode", "dense", 256, "failed", "it broke"),
    memory("blocked", 16, 2**27),  # below SLOPE_FROM: does not count
    memory("blocked", 1024, 2**22), memory("blocked", 4096, 2**24),
    memory("dense", 1024, 2**23), memory("dense", 4096, 2**27),
    product(1024, 1e12), product(4096, 2e12),
]  # fmt: skip
RESULTS = Results(MACHINE, SETTINGS, ADMISSIONS, ROWS)


def test_medians_ratios_and_shares():
    blocked, dense = ROWS[:2]
    assert blocked.median == 0.2
    assert dense.median == near(0.65, 4)
    assert RESULTS.ratio(blocked) == 1
    assert RESULTS.ratio(dense) == near(3.25, 8)
    assert RESULTS.share(blocked) == near(0.1, 8)
    assert RESULTS.share(ROWS[2]) == near(0.12, 8)
    assert RESULTS.product_rate == near(1.5e12, 8)
    assert RESULTS.ratio(ROWS[3]) is None
    assert RESULTS.share(ROWS[4]) is None


def test_slopes():
    # Lines through two points, whose logarithms are at most log 2^27 and differ by log 4 or more.
    n = 2 * (LIBRARY + 4) * math.log(2**27) / math.log(4)
    assert RESULTS.memory_slope("blocked") == near(1, n)
    assert RESULTS.memory_slope("dense") == near(2, n)
    assert RESULTS.memory_slope("hops") is None


def test_tables_say_what_did_not_fit():
    by_title = {table.title.split(":")[0] + table.title[-6:]: table for table in tables(RESULTS)}
    times, decoding, share, peaks = by_title.values()
    assert times.header == ["T", "blocked", "dense"]
    assert times.rows == [["1024", "200 ms (1.00)", "650 ms (3.25)"], ["4096", "1.25 s (1.00)", "over memory"]]
    assert decoding.rows == [["256", "100 (1.00)", "failed: it broke"]]
    assert share.rows == [["1024", "10 %", "3 %"], ["4096", "12 %", "over memory"]]
    assert peaks.rows[:2] == [["16", "384 MiB (128)", ""], ["1024", "260 MiB (4)", "264 MiB (8)"]]
    assert peaks.rows[-1] == ["slope from 1024", "1.00", "2.00"]


def test_markdown():
    text = markdown(RESULTS)
    assert "- hops was not timed: does not conform" in text
    assert "| T | blocked | dense |\n| --: | --: | --: |\n| 1024 | 200 ms (1.00) | 650 ms (3.25) |" in text
    assert "matrix products: 1500 GFLOP/s" in text


def test_json_round_trip_and_the_command(tmp_path, monkeypatch, capsys):
    file = tmp_path / "results.json"
    file.write_text(RESULTS.to_json())
    monkeypatch.setattr("sys.argv", ["report", str(file)])
    main()
    assert capsys.readouterr().out == markdown(RESULTS)
    file.write_text('{"schema": 99}')
    with pytest.raises(SystemExit, match="no benchmark results of schema 2"):
        main()


ROOT = Path(__file__).parents[2]


def recorded(name: str) -> Results:
    return Results.from_json((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))


def test_the_short_table_is_of_the_last_run_that_has_a_length():
    def run(*seconds: float) -> Results:
        methods = ("blocked", "published", "attention")
        rows = [Row("forward_backward", name, 4096, seconds=(s,)) for name, s in zip(methods, seconds, strict=False)]
        return Results(MACHINE, SETTINGS, ADMISSIONS, rows)

    first, again = run(1.0, 2.0, 0.5), run(2.0, 5.0, 1.0)
    assert "| 4096 | 1.00 s | 2.00 s | 2.00 | 500 ms | 2.00 |" in summary(first)
    assert "| 4096 | 2.00 s | 5.00 s | 2.50 | 1.00 s | 2.00 |" in summary(first, again)
    assert summary(first, run(2.0, 5.0)) == summary(first)  # without attention the row would have a gap


def test_readme_has_the_recorded_numbers():
    assert summary(recorded("width-512"), recorded("length-4096")) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_of_the_benchmarks_has_the_recorded_numbers():
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for name in ("width-512", "length-4096"):
        assert markdown(recorded(name)) in text
    printed = "".join(markdown(recorded(name)) for name in ("width-512", "length-4096", "width-256"))
    results = text.split("## Results")[1].split("## On a large GPU")[0]
    shown = re.findall(r"^(?:\*\*.*\*\*|\|.*\|)$", results, re.MULTILINE)
    assert len(shown) > 50
    assert [line for line in shown if line not in printed.splitlines()] == []


def test_plot(tmp_path):
    save(RESULTS, tmp_path / "plot.svg")
    assert "over memory" not in (tmp_path / "plot.svg").read_text()
    assert (tmp_path / "plot.svg").read_text().count("<svg") == 1
