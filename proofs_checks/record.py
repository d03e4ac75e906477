"""`status.json`: the recorded outcome of every row, and how it compares with what a run has just seen."""

import json
import platform
from importlib.metadata import version
from pathlib import Path

from proofs_checks.formal.status import with_formal
from proofs_checks.ledger import ROWS, row
from proofs_checks.outcome import Outcome, Status
from proofs_checks.sources import fingerprint

FILE = Path(__file__).parent / "status.json"
_LIBRARIES = ("numpy", "scipy", "sympy", "python-flint", "torch")


def load(file: Path = FILE) -> dict[str, Outcome]:
    """The recorded outcomes by id; rows that were never run are "not yet checked".

    Raises:
        ValueError: the file is no record of the ledger.
    """
    recorded: dict[str, Outcome] = {}
    if file.exists():
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            recorded = {one["id"]: Outcome.from_dict(one) for one in data["rows"]}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{file} is no record of the ledger: {error}") from None
    return {one.id: recorded.get(one.id, Outcome(one.id, Status.UNCHECKED)) for one in ROWS}


def shown() -> dict[str, Outcome]:
    """The recorded outcomes together with what is proved by machine, as readers see them."""
    return with_formal(load())


def save(outcomes: dict[str, Outcome], file: Path = FILE) -> None:
    """Write outcomes; rows that are not among them keep what was recorded."""
    merged = load(file) | outcomes
    data = {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
        "rows": [merged[one.id].to_dict() for one in ROWS],
    }
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8", newline="\n")


def is_stale(outcome: Outcome) -> bool:
    """Whether the sources of a row have changed since it was recorded."""
    return outcome.hash != fingerprint(row(outcome.id))


def differences(seen: dict[str, Outcome], recorded: dict[str, Outcome]) -> list[str]:
    """What a run saw that differs from the record, or is stale there; a line each."""
    lines = []
    for identifier, now in seen.items():
        then = recorded[identifier]
        if is_stale(then):
            lines.append(f"{identifier}: the recorded status is stale: its check has changed since")
        elif (now.status, now.level) != (then.status, then.level):
            lines.append(f"{identifier}: {_shown(now)} now, recorded as {_shown(then)}")
    return lines


def broken_needs(identifier: str, outcomes: dict[str, Outcome]) -> list[str]:
    """The statements that a row depends on, directly or not, and that do not hold."""
    found, waiting = [], list(row(identifier).needs)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += row(name).needs
    bad = (Status.FAILED, Status.ERRORED, Status.REFUTED)
    return [name for name in found if name in outcomes and outcomes[name].status in bad]


def _shown(outcome: Outcome) -> str:
    return f"{outcome.status} ({outcome.level})" if outcome.level else str(outcome.status)
