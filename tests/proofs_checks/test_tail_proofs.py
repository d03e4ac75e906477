"""The exact worst case of the Jacobian tails is the recurrence that it stands for, and its twin in floats."""

from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.tail_layers import diffuse_layer, tokens, torch_jacobians
from proofs_checks.tail_proofs import exact_worst_tail, share, states_derivative_defect
from sessa_ref import influence
from sessa_ref.influence.tail_constants import from_weights
from sessa_ref.theory.jacobian_tails import worst_tail
from tests.influence.test_jacobian import by_reverse_mode
from tests.rounding import bound, gamma_roundings, near, roundings


@pytest.mark.parametrize(("source", "A_0", "A_1"), [(0, 1, 0), (3, 0, 2), (3, 5, 2)])
def test_the_exact_worst_case_solves_its_recurrence(source, A_0, A_1):
    eta, states = Fraction(1, 3), {source: Fraction(A_0)}
    for t in range(source + 1, 15):
        states[t] = Fraction(A_1, t + 1) + eta / t * sum(states.values())
        assert exact_worst_tail(t, source, eta, A_0, A_1) == states[t]
    in_floats = worst_tail(source, 15, 1 / 3, float(A_0), float(A_1))
    # Sums of fewer than 15 positive terms, each of two factors with two quotients of Gamma functions.
    allowed = 4 * gamma_roundings(15) + roundings(2 * 15)
    wanted = np.array([float(states[t]) for t in range(source + 1, 15)])
    assert np.all(np.abs(in_floats - wanted) <= allowed * wanted)


def test_a_share_and_the_rest_are_positive():
    assert share("eta").is_positive
    assert (1 - share("eta")).simplify().is_positive


def test_the_derivative_of_the_states():
    assert states_derivative_defect(3) == [0, 0, 0]


def test_jacobians_of_the_torch_layer():
    parameters, x = diffuse_layer(routing=2.0, gain=1.0), tokens(9)
    found = torch_jacobians(parameters, x, 2)
    norms = influence.jacobian_norms(parameters, x, 2)[3:]
    entry = bound(lambda x: by_reverse_mode(parameters, x, 2), x, draws=4).max()
    # Norms move by at most D times the largest entry, here D = 4; LAPACK promises some D^2 roundings beside them.
    assert np.all(np.abs(found.outputs - norms) <= 4 * entry + roundings(2 * 4**2) * norms)


def test_the_layer_is_in_the_diffuse_regime_on_the_ball_of_its_tokens():
    assert 0 < from_weights(diffuse_layer(), 1.0).eta < 1
    norms = np.linalg.norm(tokens(5, radius=2.0), axis=-1)
    assert norms == near(np.full(5, 2.0), 2 * (4 + 3))  # two of 4 numbers, and a quotient
