"""Every row, run quickly: it is as recorded, and fails where it is bent."""

import pytest

from proofs_checks.ledger import ROWS
from proofs_checks.outcome import Status
from proofs_checks.record import is_stale, load
from proofs_checks.runner import run_row

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
