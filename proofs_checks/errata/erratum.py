"""An erratum: a place of the paper that is wrong, loose or needs an unstated hypothesis, with what shows it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is the matter with a place."""

    FALSE = "false as printed"
    STEP = "a step of the proof is wrong"
    LOOSE = "true, but not sharp"
    HYPOTHESIS = "a hypothesis is missing"
    SLIP = "a slip of notation, index or reference"


@dataclass(frozen=True)
class Shown:
    """What an erratum's example shows: whether it does show it, and the numbers in a line."""

    shows: bool
    text: str


@dataclass(frozen=True)
class Erratum:
    """One place.

    Attributes:
        id: short and stable, such as "G.1-upper".
        statement: the id of the row that it belongs to.
        where: the place in the paper.
        kind: see `Kind`.
        printed: what is printed there, in our words.
        correct: what is right.
        conclusion: what becomes of the conclusion: "survives", or what is left of it.
        example: the smallest example that shows it; run by `sessa-ref ledger errata ID`.
    """

    id: str
    statement: str
    where: str
    kind: Kind
    printed: str
    correct: str
    conclusion: str
    example: Callable[[], Shown]


def erratum(
    id: str,  # noqa: A002
    statement: str,
    *,
    where: str,
    kind: Kind,
    printed: str,
    correct: str,
    conclusion: str,
) -> Callable[[Callable[[], Shown]], Erratum]:
    """Decorator: the erratum above, the function that shows it below; the arguments are those of `Erratum`."""
    printed, correct, conclusion = (inspect.cleandoc(text) for text in (printed, correct, conclusion))
    return lambda example: Erratum(id, statement, where, kind, printed, correct, conclusion, example)
