"""Running rows: outcomes, errors, bends, and several at once."""

import pytest

from proofs_checks import runner
from proofs_checks.evidence import Evidence, Level
from proofs_checks.outcome import Status
from proofs_checks.statement import Bend, states


@states("lem:4.2", "Half", where="", says="", trust="exact", bends=(Bend("C = 0", {"C": 0}), Bend("C = 2", {"C": 2})))
def half(evidence: Evidence, *, C: int = 1, broken: bool = False) -> None:
    """Compare."""
    if broken:
        raise ArithmeticError("nothing to compare")
    evidence.exact("claim", [(1, 2 * C, "one half")], "half")


@pytest.fixture
def one_row(monkeypatch):
    monkeypatch.setattr(runner, "row", lambda name: half)


def test_a_row_is_run_with_its_bends(one_row):
    outcome = runner.run_row("lem:4.2")
    assert (outcome.status, outcome.level, outcome.tightness) == (Status.HOLDS, Level.SYMBOLIC, 0.5)
    assert [(bend.about, bend.fails) for bend in outcome.bends] == [("C = 0", True), ("C = 2", False)]
    assert outcome.bends[0].example == "claim: one half: 1 > 0"


def test_a_bent_run_fails(one_row):
    assert runner.run_row("lem:4.2", teeth=False, C=0).status is Status.FAILED


def test_an_error_is_told_and_is_no_failure(one_row):
    outcome = runner.run_row("lem:4.2", teeth=False, broken=True)
    assert (outcome.status, outcome.error) == (Status.ERRORED, "ArithmeticError: nothing to compare")


def test_an_error_in_a_bent_check_does_not_count_as_teeth(one_row):
    outcome = runner.run_bend(half, Bend("", {"broken": True}))
    assert (outcome.fails, outcome.example) == (False, "ArithmeticError: nothing to compare")


def test_rows_run_in_processes_of_their_own_and_tell_when_they_are_done():
    told = []
    outcomes = runner.run_rows(["lem:4.2", "thm:14"], quick=True, workers=2, done=lambda one: told.append(one.id))
    assert sorted(told) == sorted(outcomes) == ["lem:4.2", "thm:14"]
    assert outcomes["lem:4.2"].status is Status.HOLDS
