"""Status, level and tightness of a row."""

import json

from proofs_checks.evidence import Level, Piece
from proofs_checks.outcome import BendOutcome, Outcome, Status, level_of, status_of, tightness_of

STRONG = Piece("(i)", Level.SYMBOLIC, True, "", 0.5)
WEAK = Piece("(i)", Level.SAMPLED, True, "", 0.7)
OTHER = Piece("(ii)", Level.CERTIFIED, True, "", 0.2)
BESIDE = Piece("agreement", None, True, "", 0.9)


def test_a_claim_is_as_strong_as_its_strongest_piece_and_a_row_as_its_weakest_claim():
    assert level_of((STRONG, WEAK)) is Level.SYMBOLIC
    assert level_of((STRONG, WEAK, OTHER)) is Level.CERTIFIED
    assert level_of((BESIDE,)) is None


def test_one_piece_that_does_not_hold_fails_the_row():
    assert status_of((STRONG, BESIDE)) is Status.HOLDS
    assert status_of((STRONG, Piece("agreement", None, False, ""))) is Status.FAILED
    assert status_of(()) is Status.FAILED


def test_a_verified_counterexample_refutes_the_printed_statement():
    assert status_of((STRONG, Piece("(ii)", Level.SYMBOLIC, True, "", 1.2, refutes=True))) is Status.REFUTED
    assert status_of((STRONG, Piece("(ii)", Level.SYMBOLIC, False, "", 0.8, refutes=True))) is Status.FAILED


def test_tightness_is_that_of_bounds():
    refuting = Piece("(ii)", Level.SYMBOLIC, True, "", 1.2, refutes=True)
    assert tightness_of((STRONG, WEAK, BESIDE, refuting)) == 0.7
    assert tightness_of((BESIDE,)) is None


def test_an_outcome_survives_json():
    bend = BendOutcome("smaller", {"C": 0.5}, True, "1 > 0.5")
    outcome = Outcome("thm:8", Status.HOLDS, Level.SYMBOLIC, 0.5, 3, 0.1, "abc", (STRONG, BESIDE), (bend,))
    assert Outcome.from_dict(json.loads(json.dumps(outcome.to_dict()))) == outcome
