"""The outcome of a row: status, level and tightness, all computed from what its check has seen."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from proofs_checks.evidence import Level, Piece


class Status(StrEnum):
    """What a row says after its check has run."""

    HOLDS = "holds"
    REFUTED = "refuted as printed"  # a counterexample to the printed statement was verified
    FAILED = "failed"
    ERRORED = "errored"
    UNCHECKED = "not yet checked"


@dataclass(frozen=True)
class BendOutcome:
    """A bent statement: whether its check failed, as it must, and on which example."""

    about: str
    values: dict[str, Any]
    fails: bool
    example: str


@dataclass(frozen=True)
class Formal:
    """What is proved by machine of a row.

    Attributes:
        statements: their names in Statements.v.
        left: what of the row they do not prove; "" where they prove all.
        unconfirmed: why the proof does not count here, such as "stale"; "" where it does.
        level: that of the row's check.
    """

    statements: tuple[str, ...]
    left: str
    unconfirmed: str
    level: Level | None

    @property
    def label(self) -> str:
        """In words: "formal", "formal: part; left: the lower bound", "formal: stale"."""
        part = f"part; left: {self.left}" if self.left else ""
        words = "; ".join(filter(None, (self.unconfirmed, part)))
        return f"formal: {words}" if words else "formal"


@dataclass(frozen=True)
class Outcome:
    """What is known of a row.

    Attributes:
        id: the row.
        status: see `Status`.
        level: the weakest over the claims of the strongest that each claim has; None without a check.
        tightness: the largest attained / claimed of its bounds; 1 is sharp. None where nothing is a bound.
        cases: number of cases that were compared.
        seconds: time of the check, without its bends.
        hash: of the sources of statement and check (see `sources.fingerprint`).
        pieces: all that was seen.
        bends: the bent statements.
        error: why the check ended early, in a line.
        formal: what is proved by machine; it is recorded apart, by its own audit (see `formal.status`).
    """

    id: str
    status: Status
    level: Level | None = None
    tightness: float | None = None
    cases: int = 0
    seconds: float = 0.0
    hash: str = ""
    pieces: tuple[Piece, ...] = ()
    bends: tuple[BendOutcome, ...] = ()
    error: str = ""
    formal: Formal | None = None

    @property
    def label(self) -> str:
        """Status and level in words: "holds, symbolic"."""
        return f"{self.status}, {self.level}" if self.level else str(self.status)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without what is proved by machine."""
        return {name: value for name, value in asdict(self).items() if name != "formal"}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Outcome":
        """From what `to_dict` gives."""
        pieces = tuple(
            Piece(**(piece | {"level": piece["level"] and Level(piece["level"])})) for piece in data["pieces"]
        )
        bends = tuple(BendOutcome(**bend) for bend in data["bends"])
        level = Level(data["level"]) if data["level"] else None
        return cls(**(data | {"status": Status(data["status"]), "level": level, "pieces": pieces, "bends": bends}))


def level_of(pieces: tuple[Piece, ...]) -> Level | None:
    """The weakest over the claims of the strongest piece that each claim has."""
    strongest: dict[str, Level] = {}
    for piece in pieces:
        if piece.level is not None:
            strongest[piece.claim] = min(piece.level, strongest.get(piece.claim, piece.level), key=_rank)
    return max(strongest.values(), key=_rank, default=None)


def status_of(pieces: tuple[Piece, ...]) -> Status:
    """Whether all that was seen holds, and whether it refutes the statement as printed."""
    if not pieces or not all(piece.holds for piece in pieces):
        return Status.FAILED
    return Status.REFUTED if any(piece.refutes for piece in pieces) else Status.HOLDS


def tightness_of(pieces: tuple[Piece, ...]) -> float | None:
    """The largest attained / claimed, without counterexamples and agreements."""
    ratios = [p.tightness for p in pieces if p.tightness is not None and p.level is not None and not p.refutes]
    return max(ratios, default=None)


def _rank(level: Level) -> int:
    return level.rank
