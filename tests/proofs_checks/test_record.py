"""What was recorded, and how a run compares with it."""

from dataclasses import replace

import pytest

from proofs_checks import record
from proofs_checks.evidence import Level
from proofs_checks.outcome import Outcome, Status
from proofs_checks.runner import run_row
from proofs_checks.statement import not_yet_checked


@pytest.fixture(scope="module")
def seen():
    return run_row("lem:4.2", quick=True)


def test_what_is_saved_is_loaded_and_other_rows_stay(tmp_path, seen):
    file = tmp_path / "status.json"
    record.save({"lem:4.2": seen}, file)
    record.save({"thm:8": Outcome("thm:8", Status.HOLDS, Level.SAMPLED)}, file)
    loaded = record.load(file)
    assert loaded["lem:4.2"] == seen
    assert loaded["thm:8"].level is Level.SAMPLED
    assert loaded["lem:K.3"].status is Status.UNCHECKED


def test_a_damaged_record_is_refused(tmp_path):
    file = tmp_path / "status.json"
    file.write_text('{"rows": [{}]}')
    with pytest.raises(ValueError, match="no record of the ledger"):
        record.load(file)


def test_equal_outcomes_do_not_differ(seen):
    assert record.differences({"lem:4.2": seen}, {"lem:4.2": seen}) == []


def test_another_level_differs(seen):
    weaker = replace(seen, level=Level.SAMPLED)
    (line,) = record.differences({"lem:4.2": weaker}, {"lem:4.2": seen})
    assert line == "lem:4.2: holds (sampled) now, recorded as holds (symbolic)"


def test_a_changed_check_makes_the_record_stale(seen):
    (line,) = record.differences({"lem:4.2": seen}, {"lem:4.2": replace(seen, hash="000000000000")})
    assert "stale" in line


def test_a_row_shows_dependencies_that_do_not_hold(monkeypatch):
    rows = {
        "thm:8": replace(not_yet_checked("thm:8", "", "", ""), needs=("lem:B.5",)),
        "lem:B.5": replace(not_yet_checked("lem:B.5", "", "", ""), needs=("lem:F.1",)),
        "lem:F.1": not_yet_checked("lem:F.1", "", "", ""),
    }
    monkeypatch.setattr(record, "row", rows.__getitem__)
    outcomes = {name: Outcome(name, Status.HOLDS) for name in rows}
    assert record.broken_needs("thm:8", outcomes) == []
    outcomes["lem:F.1"] = Outcome("lem:F.1", Status.FAILED)
    assert record.broken_needs("thm:8", outcomes) == ["lem:F.1"]
