"""What is recorded of the proofs, and what the ledger makes of it."""

from dataclasses import replace

import pytest

from proofs_checks import ledger
from proofs_checks.evidence import Level
from proofs_checks.formal import coq, status
from proofs_checks.formal.audit import row_of
from proofs_checks.formal.sources import Sources
from proofs_checks.formal.status import Proved, with_formal
from proofs_checks.outcome import Outcome, Status

CHECKED = Outcome("lem:4.2", Status.HOLDS, Level.CERTIFIED)
WHOLE = Proved("lem_4_2", "lem:4.2", "", "proofs/Small.v", (), False, True, (), (), "abc")
PART = replace(WHOLE, left="the lower bound")


@pytest.fixture(autouse=True)
def hashes(monkeypatch):
    monkeypatch.setattr(status, "_fingerprints", lambda: {"lem_4_2": "abc"})


def raised(outcome, *proved):
    return with_formal({outcome.id: outcome}, proved)[outcome.id]


def formal(outcome):
    assert outcome.formal is not None
    return outcome.formal


def test_a_whole_proof_makes_a_row_formal():
    row = raised(CHECKED, WHOLE)
    assert row.label == "holds, formal"
    assert formal(row).level is Level.CERTIFIED
    assert row.to_dict() == replace(CHECKED, level=Level.FORMAL).to_dict()


def test_a_part_leaves_the_level_and_says_what_is_left():
    row = raised(CHECKED, PART)
    assert row.level is Level.CERTIFIED
    assert formal(row).label == "formal: part; left: the lower bound"


@pytest.mark.parametrize(
    ("here", "label"), [(True, "formal: stale"), (False, "formal: formal proof present, not checked on this machine")]
)
def test_a_changed_proof_does_not_count(monkeypatch, here, label):
    monkeypatch.setattr(coq, "installed", lambda: here)
    row = raised(CHECKED, replace(WHOLE, hash="older"))
    assert row.level is Level.CERTIFIED
    assert formal(row).label == label


def test_a_refuted_row_is_formal_where_its_counterexample_is_proved_too():
    refuted = replace(CHECKED, status=Status.REFUTED)
    assert raised(refuted, WHOLE).level is Level.CERTIFIED
    told = replace(WHOLE, counterexamples=("lem_4_2_as_printed_false",))
    assert raised(refuted, told).level is Level.FORMAL


def test_what_is_saved_is_loaded_and_damage_is_refused(tmp_path):
    file = tmp_path / "status.json"
    assert status.load(file) == ()
    status.save([WHOLE, PART], "8.16.1", file)
    assert status.load(file) == (WHOLE, PART)
    file.write_text('{"statements": [{}]}')
    with pytest.raises(ValueError, match="no record of an audit"):
        status.load(file)


def test_the_record_of_another_version_of_coq_does_not_count(tmp_path):
    file = tmp_path / "status.json"
    assert status.recorded("8.16.1", file) == ()
    status.save([WHOLE], "8.16.1", file)
    assert status.recorded("8.16.1", file) == (WHOLE,)
    assert status.recorded("8.20.0", file) == ()


def test_the_record_is_of_the_sources_that_are_here():
    sources, rows = Sources(), {one.id for one in ledger.ROWS}
    recorded = {one.name: one for one in status.load()}
    assert list(recorded) == [one.name for one in sources.statements], "run make proofs"
    for one in sources.statements:
        proved = recorded[one.name]
        assert proved.hash == sources.fingerprint(one), f"{one.name} is stale: run make proofs"
        assert (proved.row, "") == row_of(one, rows)
        assert proved.left == one.left
