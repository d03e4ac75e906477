"""What the audit recorded, and what follows from it for the ledger: which rows are formal, and what is left of others."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from proofs_checks.evidence import Level
from proofs_checks.formal import coq
from proofs_checks.formal.sources import FOLDER, Sources
from proofs_checks.outcome import Formal, Outcome, Status

FILE = FOLDER / "status.json"


@dataclass(frozen=True)
class BentProof:
    """A bent statement that the proof does not prove.

    Attributes:
        about: the change in words.
        fails_in: the theorem whose proof fails.
        counterexample: the theorem that the bent statement is false; "" where there is none.
    """

    about: str
    fails_in: str
    counterexample: str = ""


@dataclass(frozen=True)
class Proved:
    """A statement that passed the audit.

    Attributes:
        name: in Statements.v.
        row: the ledger's id; "" where it is of no row.
        left: what of the row it does not prove; "" where it proves all.
        file: with the proof.
        axioms: of the real numbers, that the proof rests on.
        computation: whether it also rests on the machine's integers and floats.
        instance: whether an instance meets its hypotheses; where it has none, none is needed.
        bends: bent versions.
        counterexamples: theorems that changes of it are false.
        hash: of all that the proof rests on here.
    """

    name: str
    row: str
    left: str
    file: str
    axioms: tuple[str, ...]
    computation: bool
    instance: bool
    bends: tuple[BentProof, ...]
    counterexamples: tuple[str, ...]
    hash: str


def save(proved: Iterable[Proved], version: str, file: Path = FILE) -> None:
    """Write what passed."""
    data = {"coq": version, "statements": [asdict(one) for one in proved]}
    file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def load(file: Path = FILE) -> tuple[Proved, ...]:
    """What passed when it was last recorded.

    Raises:
        ValueError: the file is no record of an audit.
    """
    if not file.exists():
        return ()
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return tuple(_proved(one) for one in data["statements"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is no record of an audit: {error}") from None


def recorded(version: str, file: Path = FILE) -> tuple[Proved, ...]:
    """What passed with this version of Coq; nothing where another was used.

    Raises:
        ValueError: the file is no record of an audit.
    """
    proved = load(file)
    return proved if proved and json.loads(file.read_text(encoding="utf-8"))["coq"] == version else ()


def with_formal(outcomes: dict[str, Outcome], proved: Iterable[Proved] | None = None) -> dict[str, Outcome]:
    """Outcomes with what is formally proved; a row is formal where a proof of all of it is recorded and not stale.

    Of a row that is refuted as printed, the proofs are of what is true instead; it is formal where a counterexample to
    the printed text is proved as well, a theorem `..._as_printed_false`.
    """
    by_row: dict[str, list[Proved]] = {}
    for one in load() if proved is None else proved:
        by_row.setdefault(one.row, []).append(one)
    return {name: _raised(outcome, by_row.get(name, [])) for name, outcome in outcomes.items()}


def unconfirmed() -> str:
    """What a row reads whose proof has changed since it was recorded."""
    return "stale" if coq.installed() else "formal proof present, not checked on this machine"


def _raised(outcome: Outcome, proved: list[Proved]) -> Outcome:
    if not proved:
        return outcome
    fresh = [one for one in proved if one.hash == _fingerprints().get(one.name)]
    full = [one for one in fresh if not one.left]
    refuted = outcome.status is Status.REFUTED
    told = any(name.endswith("_as_printed_false") for one in fresh for name in one.counterexamples)
    formal = Formal(
        tuple(one.name for one in full or fresh or proved),
        "" if full else "; ".join(dict.fromkeys(one.left.rstrip(".") for one in fresh or proved if one.left)),
        "" if fresh else unconfirmed(),
        outcome.level,
    )
    return replace(
        outcome,
        formal=formal,
        level=Level.FORMAL if full and (not refuted or told) else outcome.level,
    )


@cache
def _fingerprints() -> dict[str, str]:
    sources = Sources()
    return {one.name: sources.fingerprint(one) for one in sources.statements}


def _proved(data: dict[str, Any]) -> Proved:
    values: dict[str, Any] = {
        **data,
        "axioms": tuple(data["axioms"]),
        "counterexamples": tuple(data["counterexamples"]),
        "bends": tuple(BentProof(**bend) for bend in data["bends"]),
    }
    return Proved(**values)
