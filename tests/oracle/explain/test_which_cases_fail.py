"""Rules for the lengths that are wrong."""

from dataclasses import replace

from sessa_ref.oracle import battery
from sessa_ref.oracle.explain.which_cases_fail import first_token_pattern, from_third_token, length_pattern
from tests.oracle.explain.observed import implementation, observation_of, observed


def test_a_rule_for_the_lengths_that_are_wrong():
    (fact,) = length_pattern(observed("TailKept", "forward"), implementation("TailKept"))
    assert fact[0] == "WrongForSomeLengths"
    assert "no multiple of 32" in fact[1]


def test_a_rule_for_a_length_of_one():
    """That each failing case has a single token says nothing about the first of several."""
    case = replace(next(c for c in battery() if c.name == "heads"), name="one")
    alone = replace(case, x=case.x[:, :1].copy(), dy=case.dy[:, :1].copy(), split=1)
    observations = [observation_of(implementation("WithoutProjectionAlone"), "forward", each) for each in (alone, case)]
    (fact,) = length_pattern(observations, implementation("WithoutProjectionAlone"))
    assert fact == ("WrongForSomeLengths", "wrong for T = 1 alone")
    assert list(first_token_pattern(observations)) == []


def test_the_third_token_may_be_that_of_the_first_feedback_weights():
    """What is wrong from the first token on that has several of them is no rule of lengths."""
    observations = observed("FeedbackPerHead", "forward")
    assert list(first_token_pattern(observations)) == []
    ((name, fact),) = from_third_token(observations)
    assert name == "WrongFromSomeToken"
    assert "feedback weights" in fact
