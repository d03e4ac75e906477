"""Every row, run quickly: it is as recorded, and fails where it is bent."""

import re

import pytest

from proofs_checks.ledger import ROWS, row
from proofs_checks.outcome import Status
from proofs_checks.record import is_stale, load
from proofs_checks.runner import run_row

PYTHON = re.compile(
    r"[A-Za-z]\(\w+=|\*\*|Fraction\(|Derivative\(|\boo\b|EulerGamma|\(\d+,\)|\[['\"]|\+/-|\bNone\b|\d\.\d{12}|(?<!\S)(\S+) > \1$"
)
"""What looks like Python to a reader, and an inequality whose sides are rounded to one number."""

CHECKED = [one.id for one in ROWS if one.check is not None]


@pytest.fixture(scope="session")
def recorded():
    return load()


@pytest.mark.parametrize("name", CHECKED)
def test_a_row_is_as_recorded_and_fails_where_it_is_bent(name, recorded):
    seen, kept = run_row(name, quick=True), recorded[name]
    assert not is_stale(kept), (
        f"the check of {name} has changed since its status was recorded: run sessa-ref ledger {name}"
    )
    assert not seen.error
    assert [piece for piece in seen.pieces if not piece.holds] == []
    assert (seen.status, seen.level) == (kept.status, kept.level)
    assert seen.status in (Status.HOLDS, Status.REFUTED)
    assert [bend.about for bend in seen.bends if not bend.fails] == []
    texts = [text for piece in seen.pieces for text in (piece.claim, piece.how, piece.example)]
    assert [text for text in texts + [bend.example for bend in seen.bends] if PYTHON.search(text)] == []
    parts = {part for piece in seen.pieces for part in re.findall(r"\([ivx]+\)", piece.claim)}
    assert {part for part in parts if part not in row(name).says} == set()
