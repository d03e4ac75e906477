"""The proved bounds on rounding hold on solves of real layers, and bent ones do not."""

from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.formal.rounding_bound import (
    UNDERFLOW,
    compare,
    exact_solution,
    layer_solve,
    rounded_solution,
    rounding_bound,
    running_bound,
)
from sessa_ref.reference import solve
from tests.rounding import solution_rounding

UNIT = Fraction(1, 2**53)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("T", "gain"), [(1, 0.5), (8, 0.5), (24, 0.9), (24, -0.9)])
def test_error_stays_below_the_bounds(dtype, T, gain):
    found = compare(*layer_solve(T, gain, seed=T), dtype)
    assert found.error <= found.running
    assert found.error <= found.proved


def test_the_oracle_allows_less_than_is_proved_and_more_than_occurs():
    found = compare(*layer_solve(24, 0.9, seed=1), "float64")
    assert found.error < found.oracle < found.proved


def test_the_states_are_those_of_the_reference():
    B, f = layer_solve(16, 0.9, seed=2)
    states = solve.forward_substitution(B, f[:, None])[:, 0]
    exact = np.array([float(s) for s in exact_solution(B, f)])
    for found in (states, rounded_solution(B, f)):
        assert np.all(np.abs(found - exact) <= solution_rounding(B, f[:, None], 1)[:, 0])


def test_a_bound_without_growth_is_broken():
    """One rounding alone, u F, is less than what 64 tokens with a gain of 31/32 add up."""
    T, gain = 64, Fraction(31, 32)
    B = np.zeros((T, T))
    B[np.arange(1, T), np.arange(T - 1)] = float(gain)
    f = np.full(T, 1 / 3)
    pairs = zip(rounded_solution(B, f).tolist(), exact_solution(B, f), strict=True)
    error = max(abs(Fraction(computed) - exact) for computed, exact in pairs)
    F = Fraction(1 / 3)
    assert error > UNIT * F
    assert error <= rounding_bound(UNIT, UNDERFLOW["float64"], gain, F, T)


def test_underflow_is_covered():
    """Products far below the smallest normal number lose all their digits; e accounts for them."""
    B = np.array([[0.0, 0.0], [0.5, 0.0]])
    f = np.array([3 * 2.0**-1074, 0.0])
    error = abs(Fraction(rounded_solution(B, f)[1]) - exact_solution(B, f)[1])
    F = Fraction(float(f[0]))
    assert error > rounding_bound(UNIT, Fraction(0), Fraction(1, 2), F, 2)
    assert error <= rounding_bound(UNIT, UNDERFLOW["float64"], Fraction(1, 2), F, 2)


@pytest.mark.parametrize("bound", [rounding_bound, running_bound])
def test_rows_that_sum_to_1_have_no_bound(bound):
    with pytest.raises(ValueError, match="must be below 1"):
        bound(UNIT, Fraction(0), Fraction(1), Fraction(1), 4)
