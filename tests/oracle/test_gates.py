"""Three gates on the same numbers: each can accept and reject, and the documentation has the recorded table."""

import json
from pathlib import Path

import sessa_ref.oracle
from sessa_ref.oracle.cases.of_level import cases_of
from sessa_ref.oracle.levels import SOLVE
from tests.oracle.gates import GATES, RECORD, judged


def test_every_gate_accepts_a_right_solve_and_rejects_a_wrong_one():
    cases = {"solves": [case for case in cases_of(SOLVE) if case.name == "two_tokens"]}
    outcome = judged([("solves", "dense", True), ("solves", "sign", False)], "float32", cases)
    assert outcome["solves", "dense", True] == dict.fromkeys(GATES, True)
    assert outcome["solves", "sign", False] == dict.fromkeys(GATES, False)


def test_the_documentation_has_the_recorded_table():
    page = (Path(sessa_ref.oracle.__file__).parent / "README.md").read_text()
    assert "\n".join(json.loads(RECORD.read_text())["table"]) in page
