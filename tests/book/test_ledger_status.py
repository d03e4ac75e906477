"""Badges say what the ledger has recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from book._extensions.ledger_status import words_of
from proofs_checks.evidence import Level
from proofs_checks.outcome import Formal, Outcome, Status

FORMAL = Formal(("thm_28",), "", "", Level.SYMBOLIC)


@pytest.mark.parametrize(
    ("status", "level", "formal", "words"),
    [
        (Status.HOLDS, Level.CERTIFIED, None, "certified"),
        (Status.HOLDS, Level.FORMAL, FORMAL, "formal"),
        (Status.HOLDS, Level.SYMBOLIC, replace(FORMAL, left="the lower bound"), "symbolic, formal in part"),
        (Status.HOLDS, Level.SYMBOLIC, replace(FORMAL, unconfirmed="stale"), "symbolic, formal: stale"),
        (Status.REFUTED, Level.SYMBOLIC, None, "refuted as printed"),
        (Status.REFUTED, Level.FORMAL, FORMAL, "refuted as printed, formal"),
        (
            Status.REFUTED,
            Level.SYMBOLIC,
            replace(FORMAL, left="all but the bound"),
            "refuted as printed, formal in part",
        ),
        (Status.UNCHECKED, None, None, "not yet checked"),
    ],
)
def test_words(status: Status, level: Level | None, formal: Formal | None, words: str) -> None:
    outcome = Outcome("thm:28", status, level, formal=formal)
    assert words_of(outcome, stale=False) == words


def test_a_stale_record_says_so() -> None:
    outcome = Outcome("thm:28", Status.HOLDS, Level.FORMAL, formal=FORMAL)
    assert words_of(outcome, stale=True) == "formal (stale)"
