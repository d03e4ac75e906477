"""`sessa-ref ledger`."""

import json

import pytest

from proofs_checks import record
from proofs_checks.errata import ERRATA
from proofs_checks.formal import status


@pytest.fixture(autouse=True)
def own_record(tmp_path, monkeypatch):
    """Nothing is recorded in the package, and nothing is proved by machine."""
    file = tmp_path / "status.json"
    monkeypatch.setattr(record, "FILE", file)
    monkeypatch.setattr(record.load, "__defaults__", (file,))
    monkeypatch.setattr(record.save, "__defaults__", (file,))
    monkeypatch.setattr(status.load, "__defaults__", (tmp_path / "proved.json",))
    return file


def test_a_run_is_recorded_and_shown(command, own_record):
    done = command("ledger", "lem:4.2", "--workers", "1")
    assert done.exit_code == 0, done.output
    assert "1 holds, symbolic" in done.output
    rows = {one["id"]: one for one in json.loads(own_record.read_text())["rows"]}
    assert (rows["lem:4.2"]["status"], rows["lem:4.2"]["level"]) == ("holds", "symbolic")
    shown = command("ledger", "show", "lem:4.2")
    assert shown.exit_code == 0
    for text in ("1/(1 - rho)", "rests on: real arithmetic", "can be bent: constant=1.0"):
        assert text in shown.output
    assert "stale" not in shown.output


def test_a_bent_constant_fails(command):
    bent = command("ledger", "show", "lem:4.2", "--bend", "constant=0.5", "--quick")
    assert bent.exit_code == 1
    assert "FAILS" in bent.output


def test_a_quick_run_records_nothing_and_compare_finds_what_was_never_recorded(command, own_record):
    compared = command("ledger", "lem:4.2", "--quick", "--compare", "--workers", "1")
    assert compared.exit_code == 1
    assert "stale" in compared.output
    assert not own_record.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("thm:88",), "the nearest are thm:8"),
        (("show", "lem:4.22"), "the nearest are lem:4.2"),
        (("show", "lem:4.2", "--bend", "C=1"), "lem:4.2 has no constant 'C'; it has: constant=1.0"),
        (("show", "lem:4.2", "--bend", "constant"), "expected NAME=VALUE, got 'constant'"),
        (("show", "lem:4.2", "--bend", "constant=x"), "expected constant as float, such as 1.0, got 'x'"),
        (("errata", "no such place"), "there is no erratum 'no such place'"),
        (("lem:4.2", "--output", "/no/such/folder/status.json"), "there is no folder /no/such/folder"),
    ],
)
def test_wrong_use_gets_one_clear_line(command, arguments, message):
    done = command("ledger", *arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


@pytest.mark.parametrize("one", ERRATA, ids=lambda one: one.id)
def test_every_erratum_is_shown_by_its_example(command, one):
    done = command("ledger", "errata", one.id)
    assert done.exit_code == 0
    assert "NOT shown" not in done.output
    assert one.id in command("ledger", "errata").output
