"""Closed forms of Appendix K against sums, and its bounds on a grid."""

import numpy as np
import pytest

from sessa_ref.reference.solve import forward_substitution
from sessa_ref.theory import selective_retrieval as theory
from sessa_ref.theory.scaled_gelu import RELU_GAP, RELU_GAP_AT, relu_gap, window_accuracy
from tests.rounding import LIBRARY, gamma_roundings, near, roundings, solution_rounding


@pytest.mark.parametrize("beta", [0.2, 0.5, 0.9])
def test_the_resolvent_and_its_sums(beta):
    T = 30
    B = np.tril((1 - beta) / np.maximum(np.arange(T), 1)[:, None] * np.ones((T, T)), -1)
    theta = forward_substitution(B, np.eye(T))
    allowed = solution_rounding(B, np.eye(T), n=2) + 4 * gamma_roundings(T) * theta
    assert np.all(np.abs(theory.resolvent(T, beta) - theta) <= allowed)
    uniform = np.tril(np.ones((T, T))) / np.arange(1, T + 1)[:, None]
    allowed = allowed @ uniform + (4 * gamma_roundings(T) + roundings(2 * T)) * (theta @ uniform)
    assert np.all(np.abs(theory.macro_sums(T, beta) - theta @ uniform) <= allowed)
    i, j = np.tril_indices(T, -1)
    scaled = theta[i, j] * (j + 1.0) ** (1 - beta) * (i + 1.0) ** beta
    low, high = theory.resolvent_bounds(beta)
    assert low <= scaled.min()
    # attained, up to the roundings of the resolvent and of two powers
    assert scaled.max() == pytest.approx(high, rel=roundings(2 * (T + 4) + 4 * LIBRARY) + 4 * gamma_roundings(T), abs=0)


def test_a_macro_kernel_with_a_profile_of_ones():
    assert np.array_equal(theory.macro_kernel(np.ones(5), 0.5), np.eye(5) + theory.macro_sums(5, 0.5))


def test_balanced_paths_are_counted():
    # k = 2, lag = 4, source 0: 1 + 3, 2 + 2, 3 + 1
    by_hand = sum((m + 1) ** -0.5 for m in (1, 2, 3)) * 5**-0.5
    assert theory.balanced_sum(2, 0.5, 0, 4) == near(by_hand, 4 * LIBRARY + 10)  # positive products of two powers
    smallest = min((1 + n) ** 0.5 * (3 + n) ** -0.5 for n in range(1, 50))
    assert theory.balanced_constant(1, 0.5, 2, range(1, 50)) == near(smallest, 4 * LIBRARY + 4)


@pytest.mark.parametrize("keep", [True, False])
def test_bounds_are_in_order(keep):
    for beta in (0.1, 0.5, 0.9):
        tail, profile = theory.tail_bounds(beta, keep), theory.profile_bounds(beta, 4.0, keep)
        macro = theory.macro_bounds(beta, profile, 0.5)
        assert 0 < tail.lower < tail.upper
        assert 0 < profile.lower < profile.upper
        assert 0 < macro.a_minus < macro.a_plus
        assert 0 < theory.integrator_off_mass(beta, tail, 100) < 1e-4
        assert 0 < theory.selector_accuracy(beta, 100) < 1


def test_the_gap_of_a_scaled_gelu():
    v = np.linspace(0, 6, 2001)
    values = [float(relu_gap_at) for relu_gap_at in map(_relu_gap, v)]
    assert all(value <= RELU_GAP for value in values)
    assert v[int(np.argmax(values))] == pytest.approx(RELU_GAP_AT, abs=v[1] / 2)  # the nearest point of the grid
    assert window_accuracy(10.0, 1.0, 1.0) == near(0.4 / np.sqrt(2 * np.pi), LIBRARY + 8)  # a power


def _relu_gap(v: float) -> float:
    from flint import arb

    return float(relu_gap(arb(v)).mid())
