"""Verdicts on the layers of `wrong_layers.py`, on a few cases."""

from pathlib import Path

from sessa_ref.oracle import Report, battery, verify
from sessa_ref.oracle.implementation.targets import load_target

WRONG = Path(__file__).parent / "wrong_layers.py"
FEW = [c for c in battery() if c.name in ("heads", "gain_high", "two_tokens")]


def run(name: str, cases=FEW, dtypes=("float64", "float32")) -> Report:
    return verify(load_target(f"{WRONG}:{name}"), dtypes, cases, explain=False)
