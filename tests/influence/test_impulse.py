from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref import influence
from sessa_ref.certified import exact
from sessa_ref.reference import solve
from sessa_ref.symbolic import closed_forms, routing

UNIT = 2.0**-53
gains = st.floats(-0.999, 0.999, allow_nan=False)


def closed_form(T, tau, gamma, sharpness):
    """K_{t, tau} = (gamma / n_t) times the product of r + gamma / n_i over tau < i < t.

    Here r = exp(-sharpness) and n_t = 1 + r + ... + r^(t - 1), the sum of row t before it is normalised.
    """
    r = np.exp(-sharpness)
    n = np.cumsum(r ** np.arange(T))[np.maximum(np.arange(T) - 1, 0)]
    column = np.zeros(T)
    column[tau] = 1
    running = 1.0
    for t in range(tau + 1, T):
        column[t] = gamma / n[t] * running
        running *= r + gamma / n[t]
    return column


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
    assert np.allclose(influence.impulse_response(B, tau), column, rtol=0, atol=100 * UNIT)


@given(routings(), st.data())
def test_every_solution_is_a_sum_of_impulse_responses(B, data):
    f = np.random.default_rng(0).normal(size=(len(B), 3))
    columns = np.stack([influence.impulse_response(B, tau) for tau in range(len(B))], axis=-1)
    assert np.allclose(columns @ f, solve.forward_substitution(B, f), rtol=0, atol=1000 * UNIT)


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


@given(st.integers(1, 40), gains, st.sampled_from([0.0, 0.01, 0.3, 2.0, np.inf]), st.data())
def test_sharpened_routing_has_its_closed_form(T, gamma, sharpness, data):
    tau = data.draw(st.integers(0, T - 1))
    B = influence.sharpened_routing(T, gamma, sharpness)
    assert np.allclose(B[1:].sum(axis=-1), gamma, rtol=T * UNIT, atol=0)
    assert not np.triu(B).any()
    found = influence.impulse_response(B, tau)
    assert np.allclose(found, closed_form(T, tau, gamma, sharpness), rtol=1e-11, atol=1e-15)
    if tau + 2 < T and abs(gamma) > 0.1 and sharpness < 1:
        bent = closed_form(T, tau, gamma, sharpness + 0.1)
        assert not np.allclose(found, bent, rtol=1e-11, atol=1e-15), "another sharpness is another response"


@given(st.integers(2, 40), st.integers(0, 2**32), st.data())
def test_weights_that_only_the_key_decides(T, seed, data):
    """K_{t, tau} = gamma_t alpha_{tau + 1, tau} times the product of 1 - (1 - gamma_i) alpha_{i + 1, i}."""
    tau = data.draw(st.integers(0, T - 2))
    generator = np.random.default_rng(seed)
    w, gamma = np.exp(generator.normal(size=T)), generator.uniform(-1, 1, T)
    alpha = np.tril(np.broadcast_to(w, (T, T)), k=-1) / np.maximum(np.cumsum(w) - w, w[0])[:, None]
    share = w / np.cumsum(w)
    kept = 1 - (1 - gamma) * share
    expected = gamma[tau + 1 :] * share[tau] * np.cumprod(np.r_[1, kept[tau + 1 : -1]])
    found = influence.impulse_response(gamma[:, None] * alpha, tau)[tau + 1 :]
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-14)
    bent = gamma[tau + 1 :] * share[tau] * np.cumprod(np.r_[1, (1 - share)[tau + 1 : -1]])
    assert tau == T - 2 or not np.allclose(found, bent, rtol=1e-9, atol=1e-14), "gains between matter, too"


@pytest.mark.parametrize("gamma", [Fraction(1, 2), Fraction(-3, 4)])
def test_the_two_ends_are_the_symbolic_routings(gamma):
    uniform = np.array(routing.uniform(7, gamma).tolist(), dtype=float)
    predecessor = np.array(routing.predecessor(7, gamma).tolist(), dtype=float)
    assert np.allclose(influence.uniform_routing(7, float(gamma)), uniform, rtol=4 * UNIT, atol=0)
    assert np.array_equal(influence.sharpened_routing(7, float(gamma), np.inf), predecessor)
    response = influence.impulse_response(influence.uniform_routing(7, float(gamma)), 2)
    for t in range(3, 7):
        assert response[t] == pytest.approx(float(closed_forms.uniform_influence(2, t, gamma)), rel=20 * UNIT)
        assert response[t] != pytest.approx(float(closed_forms.uniform_influence(1, t, gamma)), rel=20 * UNIT)


def test_bad_arguments():
    B = influence.uniform_routing(4, 0.5)
    for tau in (-1, 4):
        with pytest.raises(ValueError, match=rf"tau must be one of the 4 tokens from 0 on, got {tau}"):
            influence.impulse_response(B, tau)
    with pytest.raises(ValueError, match="T must not be negative"):
        influence.uniform_routing(-1, 0.5)
    for sharpness in (-0.1, np.nan):
        with pytest.raises(ValueError, match="sharpness must not be negative"):
            influence.sharpened_routing(4, 0.5, sharpness)
    assert influence.uniform_routing(0, 0.5).shape == (0, 0)
