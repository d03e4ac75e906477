from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref import influence
from sessa_ref.certified import exact
from sessa_ref.reference import solve
from sessa_ref.symbolic import routing
from sessa_ref.theory.uniform_routing import uniform_influence
from tests.rounding import roundings, solution_rounding

UNIT = 2.0**-53
gains = st.floats(-0.999, 0.999, allow_nan=False)


@st.composite
def routings(draw, max_T=24):
    """Gains of both signs times softmax rows over the strict past."""
    T = draw(st.integers(1, max_T))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = np.where(
        np.tri(T, k=-1, dtype=bool), generator.normal(size=(T, T)) * draw(st.sampled_from([0, 1, 5])), -np.inf
    )
    weights = np.exp(logits)
    return generator.uniform(-1, 1, (T, 1)) * weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300)


@given(routings(), st.data())
def test_it_is_a_column_of_the_exact_inverse(B, data):
    tau = data.draw(st.integers(0, len(B) - 1))
    column = np.array([float(row[tau]) for row in exact.to_fractions(exact.inverse(B))])
    allowed = solution_rounding(B, np.eye(len(B)))[:, tau] + roundings(1) * np.abs(column)
    assert np.all(np.abs(influence.impulse_response(B, tau) - column) <= allowed)


@given(routings(), st.data())
def test_every_solution_is_a_sum_of_impulse_responses(B, data):
    f = np.random.default_rng(0).normal(size=(len(B), 3))
    columns = np.stack([influence.impulse_response(B, tau) for tau in range(len(B))], axis=-1)
    of_columns, of_sum = solution_rounding(B, np.eye(len(B))), roundings(len(B)) * np.abs(columns)
    allowed = solution_rounding(B, f) + (of_columns + of_sum) @ np.abs(f)
    assert np.all(np.abs(columns @ f - solve.forward_substitution(B, f)) <= allowed)


@given(routings(), st.data())
def test_nothing_before_tau_and_one_at_tau(B, data):
    tau = data.draw(st.integers(0, len(B) - 1))
    response = influence.impulse_response(B, tau)
    assert not response[:tau].any()
    assert response[tau] == 1
    assert np.all(np.abs(response[tau + 1 :]) < 1), "a gain below 1 times a mean of numbers up to 1"


def test_batches_and_dtypes():
    B = np.stack([influence.uniform_routing(6, 0.5), influence.uniform_routing(6, -0.5)])[:, None]
    response = influence.impulse_response(B.astype(np.longdouble), 2)
    assert response.shape == (2, 1, 6)
    assert response.dtype == np.longdouble
    assert np.array_equal(influence.impulse_response(B[1, 0], 2), response[1, 0].astype(float))


@given(st.integers(1, 40), gains, st.sampled_from([0.0, 0.01, 0.3, 2.0, np.inf]))
def test_rows_of_sharpened_routing(T, gamma, sharpness):
    B = influence.sharpened_routing(T, gamma, sharpness)
    assert np.allclose(B[1:].sum(axis=-1), gamma, rtol=T * UNIT, atol=T * 2.0**-1074), "gains may be subnormal"
    assert not np.triu(B).any()


@pytest.mark.parametrize("gamma", [Fraction(1, 2), Fraction(-3, 4)])
def test_the_two_ends_are_the_symbolic_routings(gamma):
    uniform = np.array(routing.uniform(7, gamma).tolist(), dtype=float)
    predecessor = np.array(routing.predecessor(7, gamma).tolist(), dtype=float)
    assert np.allclose(influence.uniform_routing(7, float(gamma)), uniform, rtol=roundings(3), atol=0)
    assert np.array_equal(influence.sharpened_routing(7, float(gamma), np.inf), predecessor)
    response = influence.impulse_response(uniform, 2)
    allowed = solution_rounding(uniform, np.eye(7), n=1)[:, 2] + roundings(1)  # of the entries and of the true value
    for t in range(3, 7):
        assert abs(response[t] - float(uniform_influence(2, t, sympy.Rational(gamma)))) <= allowed[t]
        assert abs(response[t] - float(uniform_influence(1, t, sympy.Rational(gamma)))) > allowed[t]


def test_earliest_routing_by_hand():
    """Row t puts at most 3/2 / t on each of the earliest tokens."""
    B = influence.earliest_routing(5, 0.5, 1.5)
    wanted = [[0] * 5, [1, 0, 0, 0, 0], [3 / 4, 1 / 4, 0, 0, 0], [1 / 2, 1 / 2, 0, 0, 0], [3 / 8, 3 / 8, 1 / 4, 0, 0]]
    assert B.tolist() == (0.5 * np.array(wanted)).tolist()
    assert np.array_equal(influence.earliest_routing(1, 0.5, 1.0), [[0.0]])
    assert influence.earliest_routing(0, 0.5, 1.0).shape == (0, 0)
    uniform = influence.uniform_routing(7, 0.5)  # the last token's share is what six others leave of 1
    assert np.allclose(influence.earliest_routing(7, 0.5, 1.0), uniform, rtol=0, atol=roundings(6))
    with pytest.raises(ValueError, match="T must not be negative, got -1"):
        influence.earliest_routing(-1, 0.5, 1.0)
    for c2 in (0.9, np.nan):
        with pytest.raises(ValueError, match=f"c2 must be at least 1, got {c2}"):
            influence.earliest_routing(3, 0.5, c2)


def test_bad_arguments():
    B = influence.uniform_routing(4, 0.5)
    for tau in (-1, 4):
        with pytest.raises(ValueError, match=rf"source must be one of the 4 tokens from 0 on, got {tau}"):
            influence.impulse_response(B, tau)
    with pytest.raises(ValueError, match="T must not be negative"):
        influence.uniform_routing(-1, 0.5)
    for sharpness in (-0.1, np.nan):
        with pytest.raises(ValueError, match="sharpness must not be negative"):
            influence.sharpened_routing(4, 0.5, sharpness)
    assert influence.uniform_routing(0, 0.5).shape == (0, 0)
