"""What is printed of outcomes."""

from proofs_checks.evidence import Level, Piece
from proofs_checks.ledger import row
from proofs_checks.outcome import BendOutcome, Outcome, Status
from sessa_ref.commands import ledger_text

GOOD = Piece("claim", Level.SYMBOLIC, True, "both sides", example="1 < 2")
BAD = Piece("upper bound", Level.CERTIFIED, False, "on a grid", example="3 > 2")
HOLDS = Outcome(
    "lem:4.2", Status.HOLDS, Level.SYMBOLIC, 0.5, 7, 1.0, "", (GOOD,), (BendOutcome("C = 0", {}, True, "0"),)
)
FAILED = Outcome("thm:8", Status.FAILED, pieces=(BAD,), bends=(BendOutcome("C = 2", {"C": 2}, False, ""),))
ERRORED = Outcome("thm:28", Status.ERRORED, error="ValueError: no routing")


def test_problems_are_what_does_not_hold_and_bends_that_do():
    assert ledger_text.problems({o.id: o for o in (HOLDS, FAILED, ERRORED)}) == [
        "thm:8: upper bound: on a grid: 3 > 2",
        "thm:8: holds although bent: C = 2",
        "thm:28: ValueError: no routing",
    ]
    assert ledger_text.problems({"lem:4.2": HOLDS}) == []


def test_the_summary_counts(capsys):
    ledger_text.print_summary({o.id: o for o in (HOLDS, FAILED, ERRORED)})
    output = capsys.readouterr().out
    for line in ("   1 holds, symbolic", "   1 errored", "1 of 2 bent statements fail, as they must"):
        assert line in output
    assert "0.5" in output


def test_long_runs_are_counted_and_not_listed(capsys):
    ledger_text.print_summary({str(n): HOLDS for n in range(21)})
    output = capsys.readouterr().out
    assert "  21 holds, symbolic" in output
    assert "tightness" not in output


def test_a_row_says_what_was_seen(capsys):
    ledger_text.print_row(row("lem:4.2"), HOLDS, {}, ["thm:8"])
    output = capsys.readouterr().out
    for text in (
        "lem:4.2  ",
        "status: holds, symbolic",
        "tightness: 0.5 (attained / claimed; 1 is sharp)",
        "  holds  claim [symbolic]: both sides",
        "  bent: C = 0: fails, 0",
        "can be bent: constant=1.0",
        "of these do not hold as printed: thm:8",
    ):
        assert text in output


def test_a_bent_row_says_how_it_was_bent_and_what_fails(capsys):
    ledger_text.print_row(row("lem:4.2"), FAILED, {"constant": 0.5}, [])
    output = capsys.readouterr().out
    for text in ("bent: constant = 0.5", "  FAILS  upper bound [certified]: on a grid", "HOLDS, which it must not"):
        assert text in output
    assert "can be bent" not in output


def test_a_row_of_ours_is_printed_with_its_proof(capsys):
    ours = row("ours:row-sum-exponent")
    ledger_text.print_row(ours, HOLDS, {}, [])
    assert f"proof: {ours.proof}" in capsys.readouterr().out
    ledger_text.print_row(ours, FAILED, {"constant": 0.5}, [])
    assert "proof:" not in capsys.readouterr().out
