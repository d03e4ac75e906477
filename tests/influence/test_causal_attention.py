import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.influence import causal_attention
from sessa_ref.influence.causal_attention import CausalAttention

UNIT = 2.0**-53
COMPLEX_STEP = 1e-100


@st.composite
def layers(draw, max_T=15):
    """(layer, x, tau): attention from uniform (sharpness 0) to one-hot, and tokens for it."""
    T, D = draw(st.integers(1, max_T)), draw(st.integers(1, 4))
    width, value_width = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    sharpness = draw(st.sampled_from([0.0, 0.3, 1.0, 5.0]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    layer = CausalAttention(
        q_weight=sharpness * generator.normal(size=(width, D)),
        k_weight=sharpness * generator.normal(size=(width, D)),
        v_weight=generator.normal(size=(value_width, D)),
    )
    return layer, generator.normal(size=(T, D)), draw(st.integers(0, T - 1))


def derivatives(function, x, tau):
    """d function(x) / dx_tau by complex step, the coordinates of x_tau last."""
    columns = []
    for k in range(x.shape[1]):
        shifted = x.astype(np.complex128)
        shifted[tau, k] += 1j * COMPLEX_STEP
        columns.append(function(shifted).imag / COMPLEX_STEP)
    return np.stack(columns, axis=-1)


def largest_logit(layer, x):
    """An upper bound on the size of every logit: exp turns their absolute error into a relative one."""
    q, k = x @ layer.q_weight.T, x @ layer.k_weight.T
    return layer.scale * np.linalg.norm(q, axis=-1).max() * np.linalg.norm(k, axis=-1).max()


def roundings(layer, x):
    """Relative error of a weight: that of its logits, absolute, and of the sums over the row."""
    return (8 * (len(x) + 10) + 4 * (x.shape[1] + 5) * largest_logit(layer, x)) * UNIT


def gradient_scale(layer, x):
    """The sum of the norms of all terms of a block: value path, key side and query side."""
    v = np.linalg.norm(x @ layer.v_weight.T, axis=-1).max()
    norms = [np.linalg.norm(weight, 2) for weight in (layer.q_weight, layer.k_weight, layer.v_weight)]
    token = np.linalg.norm(x, axis=-1).max()
    return norms[2] + 4 * v * layer.scale * norms[0] * norms[1] * token


@given(layers())
def test_kernel_times_values_is_the_output(drawn):
    layer, x, _ = drawn
    alpha = causal_attention.kernel(layer, x)
    v = x @ layer.v_weight.T
    assert np.all(np.abs(alpha @ v - layer.forward(x)) <= 4 * (len(x) + 2) * UNIT * (alpha @ np.abs(v)))
    assert np.array_equal(alpha, np.tril(alpha))
    assert np.all(np.abs(alpha.sum(axis=-1) - 1) <= 2 * (len(x) + 2) * UNIT)


def test_rows_by_hand():
    """Tokens 0 and 1, query weight ln 3, key weight 1: row 1 has logits 0 and ln 3, weights 1/4 and 3/4."""
    layer = CausalAttention(np.array([[np.log(3)]]), np.array([[1.0]]), np.array([[2.0]]))
    x = np.array([[0.0], [1.0]])
    assert np.allclose(causal_attention.kernel(layer, x), [[1, 0], [0.25, 0.75]], rtol=0, atol=8 * UNIT)
    assert np.allclose(layer.forward(x)[:, 0], [0, 1.5], rtol=0, atol=16 * UNIT)
    assert causal_attention.logit_spread(layer, x).tolist() == [0, np.log(3)]


@given(layers())
def test_jacobian_is_the_complex_step_derivative(drawn):
    layer, x, tau = drawn
    paths = causal_attention.jacobian(layer, x, tau)
    error = np.abs(paths.value + paths.routing - derivatives(layer.forward, x, tau)).max(initial=0)
    assert error <= 10 * roundings(layer, x) * gradient_scale(layer, x)
    assert np.all(paths.value[:tau] == 0)
    assert np.all(paths.routing[:tau] == 0)


def test_the_value_path_alone_is_not_the_derivative():
    generator = np.random.default_rng(0)
    layer = CausalAttention(*generator.normal(size=(3, 2, 2)))
    x = generator.normal(size=(6, 2))
    value = causal_attention.jacobian(layer, x, 1).value
    assert np.abs(value - derivatives(layer.forward, x, 1))[2:].max() > 0.01


@given(layers())
def test_routing_variation_is_exact_and_below_its_bound(drawn):
    """Lemma 4.3, and the equality inside its proof."""
    layer, x, tau = drawn
    by_complex_step = derivatives(lambda z: causal_attention.kernel(layer, z), x, tau)
    brute = np.linalg.norm(by_complex_step, axis=-1).sum(axis=-1)
    variation = causal_attention.routing_variation(layer, x, tau)
    later = slice(tau + 1, None)
    assert np.all(np.abs(brute - variation)[later] <= 10 * roundings(layer, x) * gradient_scale(layer, x))
    assert np.all(variation <= causal_attention.routing_variation_bound(layer, x, tau) * (1 + 8 * UNIT))
    assert np.all(variation[: tau + 1] == 0)


def test_the_bound_on_the_variation_needs_its_factor_two():
    generator = np.random.default_rng(1)
    layer = CausalAttention(*generator.normal(size=(3, 2, 2)))
    x = generator.normal(size=(10, 2))
    variation = causal_attention.routing_variation(layer, x, 0)
    assert np.any(variation > causal_attention.routing_variation_bound(layer, x, 0) / 2)


@given(layers())
def test_proposition_10_for_attention(drawn):
    layer, x, tau = drawn
    paths = causal_attention.jacobian(layer, x, tau)
    norms = np.linalg.norm(paths.value + paths.routing, ord=2, axis=(-2, -1))
    bound = causal_attention.jacobian_bound(layer, x, tau)
    slack = 10 * roundings(layer, x) * gradient_scale(layer, x)
    assert np.all(norms[tau + 1 :] <= bound[tau + 1 :] + slack)
    assert np.all(bound[: tau + 1] == 0)


def test_half_the_bound_of_proposition_10_fails_for_uniform_weights():
    layer = CausalAttention(np.zeros((1, 2)), np.zeros((1, 2)), np.eye(2))
    x = np.random.default_rng(0).normal(size=(5, 2))
    paths = causal_attention.jacobian(layer, x, 0)
    norms = np.linalg.norm(paths.value + paths.routing, ord=2, axis=(-2, -1))
    assert np.all(norms[1:] > causal_attention.jacobian_bound(layer, x, 0)[1:] / 2)
    assert np.allclose(norms, 1 / np.arange(1, 6), rtol=8 * UNIT, atol=0)


@given(layers())
def test_the_spread_encloses_every_weight(drawn):
    """Lemma C.1, row by row."""
    layer, x, _ = drawn
    alpha = causal_attention.kernel(layer, x)
    visible = np.arange(1.0, len(x) + 1)
    lower, upper = causal_attention.diffuse_bounds(causal_attention.logit_spread(layer, x), visible)
    slack = roundings(layer, x)
    for t, row in enumerate(alpha):
        assert np.all(row[: t + 1] >= lower[t] * (1 - slack))
        assert np.all(row[: t + 1] <= upper[t] * (1 + slack))


def test_a_third_of_the_spread_encloses_nothing():
    """One logit of 6 among nine of 0: the largest weight is exp(6) / (exp(6) + 9), far above exp(2) / 10."""
    layer = CausalAttention(np.array([[1.0]]), np.array([[1.0]]), np.array([[1.0]]))
    x = np.array([[6.0]] + [[0.0]] * 8 + [[1.0]])
    spread = causal_attention.logit_spread(layer, x)[9]
    assert spread == 6
    _, upper = causal_attention.diffuse_bounds(np.array([spread / 3]), np.array([10.0]))
    assert causal_attention.kernel(layer, x)[9, 0] > upper[0]


def test_bad_token():
    layer = CausalAttention(np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 2)))
    for function in (causal_attention.jacobian, causal_attention.jacobian_bound, causal_attention.routing_variation):
        with pytest.raises(ValueError, match="tau must be one of the 4 tokens from 0 on, got 4"):
            function(layer, np.ones((4, 2)), 4)
