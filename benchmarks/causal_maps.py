"""How near the general route of Theorem 14 comes to six maps: `python -m benchmarks.causal_maps` makes the book's table.

Each cell is one network by `constructions.universal.approximate`, asked for 2 % of the map's range: which read-out was
better, how many hidden units it has, the largest error that samples and a search found, relative to the range, and seconds.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sessa_ref.constructions import targets
from sessa_ref.constructions.causal_maps import CausalMap
from sessa_ref.constructions.universal import approximate

FILE = Path(__file__).parent / "results" / "causal-maps.json"
"""Where the table is kept."""

SHARE = 0.02
"""The tolerance, as a share of the range."""

SIZES = (8, 16, 32)
"""Hidden units that are tried in each fit."""

CELLS = tuple((T, d) for d in (1, 2) for T in (3, 5, 8))
"""(T, d)."""


def maps(T: int, d: int) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """The six maps of T tokens of width d, on [-1, 1]."""
    return {
        "running mean": targets.running_mean,
        "running maximum": targets.running_maximum,
        "smoothed parity": targets.parity,
        "delayed XOR": targets.delayed_xor,
        "position of the largest": targets.position_of_largest,
        "random network": targets.random_network(T, d),
    }


def cell(name: str, T: int, d: int) -> dict[str, Any]:
    """One network and how far it is from its map."""
    function, start = maps(T, d)[name], time.perf_counter()
    span = float(np.ptp(function(CausalMap.of(function, T, d).sample(4000, np.random.default_rng(0)))))
    found = approximate(function, T, d, tolerance=SHARE * span, sizes=SIZES)
    return {
        "map": name,
        "T": T,
        "d": d,
        "read-out": found.route,
        "units": found.units,
        "blocks": len(found.network.blocks),
        "error": float(f"{found.error / span:.2g}"),
        "reached": found.reached,
        "seconds": round(time.perf_counter() - start),
    }


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """A line for each map, a column for each (T, d): the error as a share of the range, in bold where it is above 2 %."""
    errors = {(row["map"], row["T"], row["d"]): (row["error"], row["reached"]) for row in rows}
    names = list(dict.fromkeys(row["map"] for row in rows))

    def shown(name: str, T: int, d: int) -> str:
        if (name, T, d) not in errors:
            return ""
        error, reached = errors[name, T, d]
        text = f"{100 * error:.2g} %" if error >= 1e-5 else "below 0.001 %"
        return text if reached else f"**{text}**"

    lines = ["| map | " + " | ".join(f"T = {T}, d = {d}" for T, d in CELLS) + " |", "|---" * (len(CELLS) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(shown(name, T, d) for T, d in CELLS) + " |" for name in names]
    return "\n".join(lines) + "\n"


def main(names: Sequence[str]) -> None:
    """Fill in the cells of these maps, of all by default; the file is written after each."""
    rows = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []
    for T, d in CELLS:
        for name in names or maps(T, d):
            row = cell(name, T, d)
            print(row, flush=True)
            rows = [one for one in rows if (one["map"], one["T"], one["d"]) != (name, T, d)] + [row]
            rows.sort(key=lambda one: (list(maps(1, 1)).index(one["map"]), one["d"], one["T"]))
            FILE.write_text("[\n" + ",\n".join(json.dumps(one) for one in rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
