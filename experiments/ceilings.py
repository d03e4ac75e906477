"""What can be reached in SymbolSoup: for the tests of a run, and estimated from many sequences in a file that is kept."""

import time
from collections.abc import Callable
from typing import Any, Final

from experiments.results import KEPT, describe_machine
from sessa_ref.tasks import Task
from sessa_ref.tasks.symbol_soup import SymbolSoup, measure

CEILINGS: Final = KEPT / "ceilings.json"
"""The file that comes with the package."""
RANGES: Final = ((400, 600), (600, 800), (800, 1200), (1500, 2048))
"""Tokens in a sequence; the first range is the published generator's default."""


def measure_ceilings(
    sequences: int, seed: int, command: str, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """For each range of lengths, the accuracies of `symbol_soup.measure` with their standard errors, as a JSON-ready object.

    Args:
        sequences: for each range, at least 2.
        seed: of the sequences.
        command: what the result says it was made by.
        say: is told what was found in each range.

    Raises:
        ValueError: `sequences` or `seed` is too small.
    """
    begin = time.perf_counter()
    rows = []
    for least, most in RANGES:
        found = measure(SymbolSoup(least=least, most=most), sequences, seed)
        rows.append({"least": least, "most": most, **{name: each._asdict() for name, each in found.items()}})
        say(f"{least} to {most} tokens: {found['exact'].value:.4f}, standard error {found['exact'].error:.4f}")
    return {
        "command": command,
        "sequences": sequences,
        "seed": seed,
        "machine": describe_machine(),
        "seconds": round(time.perf_counter() - begin, 1),
        "symbol_soup": rows,
    }


def ceiling_error(task: Task) -> float:
    """The standard error of `task.ceiling`, which is estimated for SymbolSoup and exact, with error 0, for all others."""
    return measure(task, 2000, 0)["exact"].error if isinstance(task, SymbolSoup) else 0.0
