from fractions import Fraction

import numpy as np
import pytest

from sessa_ref.influence import uniform_routing
from sessa_ref.reference.solve import forward_substitution
from sessa_ref.theory import retrieval
from tests.rounding import gamma_roundings, roundings, solution_rounding


def test_exponents():
    assert retrieval.profile_exponent(2, Fraction(1, 2)) == 0
    assert retrieval.profile_exponent(1, Fraction(1, 4)) == Fraction(-1, 4)


def test_margins_take_all_competitors_away():
    scores = np.array([[9.0, 0, 0], [5.0, 9.0, 0], [-1.0, 4.0, 9.0]])
    assert retrieval.margins(scores, 0).tolist() == [5, -1 - 4]
    assert retrieval.margins(scores, 1).tolist() == [4 - 1]


@pytest.mark.parametrize("gamma", [0.0, 0.5, -0.4])
def test_uniform_transport_is_a_read_and_a_solve(gamma: float):
    read, B = np.tril(np.ones((8, 8))) / np.arange(1, 9)[:, None], uniform_routing(8, gamma)
    whole = forward_substitution(B, read)[7, 2]
    # the closed form is a sum of products of two quotients of Gamma functions; with gain |gamma| nothing cancels
    terms = retrieval.uniform_transport(2, 7, abs(gamma))
    allowed = solution_rounding(B, read, n=3)[7, 2] + (2 * gamma_roundings(9) + roundings(8 + 3)) * terms
    assert retrieval.uniform_transport(2, 7, gamma) == pytest.approx(whole, rel=0, abs=allowed)


@pytest.mark.parametrize(("source", "steps"), [(0, 3), (1, 5), (2, 9)])
def test_the_selector_leaks_less_than_it_says(source: int, steps: int):
    factors = retrieval.selector(source, steps)
    weights = [retrieval.selector_weight(factors, token) for token in range(200)]
    assert weights[source] == 1
    assert not any(weights[:source])
    leak = retrieval.selector_leak(source, steps)
    assert sum(map(abs, weights[source + 1 :])) <= leak < Fraction(1, 2)
