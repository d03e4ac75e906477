from fractions import Fraction

import numpy as np
import pytest

from sessa_ref.influence import uniform_routing
from sessa_ref.theory import retrieval


def test_exponents():
    assert retrieval.profile_exponent(2, Fraction(1, 2)) == 0
    assert retrieval.profile_exponent(1, Fraction(1, 4)) == Fraction(-1, 4)


def test_margins_take_all_competitors_away():
    scores = np.array([[9.0, 0, 0], [5.0, 9.0, 0], [-1.0, 4.0, 9.0]])
    np.testing.assert_allclose(retrieval.margins(scores, 0), [5, -1 - 4])
    np.testing.assert_allclose(retrieval.margins(scores, 1), [4 - 1])


@pytest.mark.parametrize("gamma", [0.0, 0.5, -0.4])
def test_uniform_transport_is_a_read_and_a_solve(gamma: float):
    read = np.tril(np.ones((8, 8))) / np.arange(1, 9)[:, None]
    whole = np.linalg.solve(np.eye(8) - uniform_routing(8, gamma), read)
    assert retrieval.uniform_transport(2, 7, gamma) == pytest.approx(whole[7, 2])


@pytest.mark.parametrize(("source", "steps"), [(0, 3), (1, 5), (2, 9)])
def test_the_selector_leaks_less_than_it_says(source: int, steps: int):
    factors = retrieval.selector(source, steps)
    weights = [retrieval.selector_weight(factors, token) for token in range(200)]
    assert weights[source] == 1
    assert not any(weights[:source])
    leak = retrieval.selector_leak(source, steps)
    assert sum(map(abs, weights[source + 1 :])) <= leak < Fraction(1, 2)
