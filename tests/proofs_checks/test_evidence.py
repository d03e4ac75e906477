"""Levels follow from what is compared, and a comparison that is not certain does not hold."""

from fractions import Fraction

import flint
import pytest
import sympy

from proofs_checks.evidence import Evidence, Level


def only(evidence: Evidence):
    (piece,) = evidence.pieces
    return piece


def test_an_identity_of_symbols_is_symbolic_and_a_wrong_one_fails():
    x = sympy.Symbol("x")
    evidence = Evidence("lem:4.2")
    evidence.identity("claim", (x + 1) ** 2 - x**2 - 2 * x - 1, "expand")
    evidence.identity("claim", [Fraction(1, 3) - Fraction(2, 6), flint.fmpq(1, 2) - flint.fmpq(1, 2)], "rationals")
    evidence.identity("claim", (x + 1) ** 2 - x**2, "not zero")
    assert [(p.level, p.holds, p.cases) for p in evidence.pieces] == [
        (Level.SYMBOLIC, True, 1),
        (Level.SYMBOLIC, True, 2),
        (Level.SYMBOLIC, False, 1),
    ]


def test_no_difference_at_all_is_no_identity():
    evidence = Evidence("lem:4.2")
    evidence.identity("claim", [], "nothing")
    assert not only(evidence).holds


@pytest.mark.parametrize("inexact", [0.0, flint.arb(0), 0.5 * sympy.Symbol("x")])
def test_inexact_numbers_are_never_symbolic(inexact):
    with pytest.raises(TypeError, match="exact"):
        Evidence("lem:4.2").identity("claim", [inexact], "inexact")


def test_exact_bounds_keep_the_case_that_attains_most():
    evidence = Evidence("lem:4.2")
    evidence.exact("claim", [(1, 2, "first"), (Fraction(3, 4), 1, "second")], "bounds")
    piece = only(evidence)
    assert (piece.level, piece.holds, piece.tightness, piece.example) == (Level.SYMBOLIC, True, 0.75, "second")


def test_a_failing_case_is_kept_with_its_numbers():
    evidence = Evidence("lem:4.2")
    evidence.exact("claim", [(1, 2, "good"), (3, 2, "bad")], "bounds")
    assert (only(evidence).holds, only(evidence).example) == (False, "bad: 3 > 2")


def test_balls_have_to_decide():
    evidence = Evidence("lem:4.2")
    evidence.enclosed("claim", [(flint.arb(1), flint.arb(2), "")], "decided")
    evidence.enclosed("claim", [(flint.arb(1, 0.1), flint.arb(1), "")], "undecided")
    assert [(p.level, p.holds) for p in evidence.pieces] == [(Level.CERTIFIED, True), (Level.CERTIFIED, False)]


def test_floats_are_never_certified():
    with pytest.raises(TypeError, match="ball"):
        Evidence("lem:4.2").enclosed("claim", [(1.0, 2.0, "")], "floats")  # type: ignore[list-item]


def test_nan_does_not_hold():
    evidence = Evidence("lem:4.2")
    evidence.constructed("claim", float("nan"), 1.0, "measured")
    assert not only(evidence).holds


def test_sampled_needs_random_cases_and_a_search():
    evidence = Evidence("lem:4.2")
    with pytest.raises(ValueError, match="search"):
        evidence.sampled("claim", 0.5, 1.0, "no search", random=10, searched=0)
    evidence.sampled("claim", 0.5, 1.0, "searched", random=10, searched=5)
    assert (only(evidence).level, only(evidence).cases) == (Level.SAMPLED, 15)


def test_a_definition_needs_its_instance_to_be_one_and_its_non_instance_not():
    evidence = Evidence("def:1")
    evidence.instance("is one", True)
    evidence.non_instance("is none", False)
    evidence.non_instance("is one after all", True)
    assert [p.holds for p in evidence.pieces] == [True, True, False]


def test_a_counterexample_must_exceed_the_bound():
    evidence = Evidence("lem:4.2")
    evidence.refuted("claim", Fraction(3), Fraction(5, 2), "sum", "n = 4")
    evidence.refuted("claim", flint.arb(2, 0.1), flint.arb(2), "undecided", "")
    assert [(p.level, p.holds, p.refutes) for p in evidence.pieces] == [
        (Level.SYMBOLIC, True, True),
        (Level.CERTIFIED, False, True),
    ]


def test_random_numbers_are_those_of_the_row():
    assert Evidence("thm:8").rng.integers(2**62) == Evidence("thm:8").rng.integers(2**62)
    assert Evidence("thm:8").rng.integers(2**62) != Evidence("thm:9").rng.integers(2**62)
