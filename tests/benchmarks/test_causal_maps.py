import json

import pytest

from benchmarks import causal_maps

ROWS = json.loads(causal_maps.FILE.read_text(encoding="utf-8"))


def test_the_table_is_whole():
    cells = {(row["map"], row["T"], row["d"]) for row in ROWS}
    assert cells == {(name, T, d) for T, d in causal_maps.CELLS for name in causal_maps.maps(T, d)}
    assert all(row["reached"] == (row["error"] <= causal_maps.SHARE) for row in ROWS)


def test_as_markdown():
    rows = [
        {"map": "a", "T": 3, "d": 1, "error": 0.004, "reached": True},
        {"map": "a", "T": 5, "d": 1, "error": 0.25, "reached": False},
        {"map": "b", "T": 3, "d": 1, "error": 1e-6, "reached": True},
    ]
    header, _, first, second = causal_maps.markdown(rows).splitlines()
    assert header.startswith("| map | T = 3, d = 1 | T = 5, d = 1 |")
    assert first.startswith("| a | 0.4 % | **25 %** |  |")
    assert second.startswith("| b | below 0.001 % |  |")


def test_a_cell_is_what_is_kept():
    """The smallest one is made again."""
    made = causal_maps.cell("running mean", 3, 1)
    kept = next(row for row in ROWS if (row["map"], row["T"], row["d"]) == ("running mean", 3, 1))
    assert made["reached"]
    assert (made["read-out"], made["units"]) == (kept["read-out"], kept["units"])
    # Two digits are kept, and roundings may move the second by one, which is a tenth of the number at most.
    assert made["error"] == pytest.approx(kept["error"], rel=0.1, abs=0)
