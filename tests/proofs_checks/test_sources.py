"""A row's fingerprint changes with its check and with the formulas that it rests on, and with nothing else."""

import pytest

from proofs_checks import sources
from proofs_checks.ledger import row


@pytest.fixture(autouse=True)
def fresh():
    for kept in (sources._source, sources._imports, sources._file):
        kept.cache_clear()
    yield
    for kept in (sources._source, sources._imports, sources._file):
        kept.cache_clear()


def changed(monkeypatch, module):
    right = sources._source
    before = sources.fingerprint(row("lem:4.2"))
    monkeypatch.setattr(sources, "_source", lambda name: right(name) + (b"\n" if name == module else b""))
    return sources.fingerprint(row("lem:4.2")) != before


@pytest.mark.parametrize(
    "module", ["proofs_checks.paper.stability", "proofs_checks.evidence", "proofs_checks.statement"]
)
def test_it_changes_with_what_the_row_rests_on(monkeypatch, module):
    assert changed(monkeypatch, module)


@pytest.mark.parametrize("module", ["proofs_checks.runner", "proofs_checks.paper.positions", "sessa_ref.messages"])
def test_it_does_not_change_with_anything_else(monkeypatch, module):
    assert not changed(monkeypatch, module)


def test_rows_of_one_file_have_fingerprints_of_their_own():
    topic = [one for one in sources_rows() if one.check is not None]
    assert len({sources.fingerprint(one) for one in topic}) == len(topic)


def sources_rows():
    from proofs_checks.paper import stability

    return stability.ROWS


def test_a_row_without_a_check_has_none():
    from proofs_checks.statement import not_yet_checked

    assert sources.fingerprint(not_yet_checked("thm:14", "", "", "")) == ""
