import numpy as np
import pytest
from hypothesis import given

from sessa_ref.influence import causal_attention
from sessa_ref.influence.causal_attention import CausalAttention
from sessa_ref.theory import causal_attention as bounds
from tests.influence.layers import UNIT, attention_layers, attention_roundings, gradient_scale, largest_logit
from tests.rounding import LIBRARY, roundings

COMPLEX_STEP = 1e-100


def derivatives(function, x, tau):
    """d function(x) / dx_tau by complex step, the coordinates of x_tau last."""
    columns = []
    for k in range(x.shape[1]):
        shifted = x.astype(np.complex128)
        shifted[tau, k] += 1j * COMPLEX_STEP
        columns.append(function(shifted).imag / COMPLEX_STEP)
    return np.stack(columns, axis=-1)


@given(attention_layers())
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
    allowed = roundings(3 * LIBRARY)  # a logarithm, an exponential of it, a sum and a quotient
    assert np.allclose(causal_attention.kernel(layer, x), [[1, 0], [0.25, 0.75]], rtol=0, atol=allowed)
    assert np.allclose(layer.forward(x)[:, 0], [0, 1.5], rtol=0, atol=2 * allowed)
    assert causal_attention.logit_spread(layer, x).tolist() == [0, np.log(3)]


@given(attention_layers())
def test_logit_spread(drawn):
    """Row by row, of the tokens up to it."""
    layer, x, _ = drawn
    found = causal_attention.logit_spread(layer, x)
    q, k = x @ layer.q_weight.T, x @ layer.k_weight.T
    error = 4 * (x.shape[1] + 5) * UNIT * largest_logit(layer, x)
    for t in range(len(x)):
        logits = [float(q[t] @ k[j]) / np.sqrt(len(layer.q_weight)) for j in range(t + 1)]
        assert abs(found[t] - (max(logits) - min(logits))) <= error


@given(attention_layers())
def test_jacobian_is_the_complex_step_derivative(drawn):
    layer, x, tau = drawn
    paths = causal_attention.jacobian(layer, x, tau)
    error = np.abs(paths.value + paths.routing - derivatives(layer.forward, x, tau)).max(initial=0)
    assert error <= 10 * attention_roundings(layer, x) * gradient_scale(layer, x)
    assert np.all(paths.value[:tau] == 0)
    assert np.all(paths.routing[:tau] == 0)


@given(attention_layers())
def test_key_gradient(drawn):
    """Of logit (t, tau), in row t for every t after tau."""
    layer, x, tau = drawn

    def logits(z):
        return layer.scale * (z @ layer.q_weight.T) @ (z[tau] @ layer.k_weight.T)

    later = slice(tau + 1, None)
    found = causal_attention.key_gradient(layer, x)
    error = np.abs(found - derivatives(logits, x, tau))[later].max(initial=0)
    scale = layer.scale * np.linalg.norm(layer.q_weight) * np.linalg.norm(layer.k_weight) * np.linalg.norm(x)
    assert error <= 4 * (sum(x.shape) + 5) * UNIT * scale


def test_the_value_path_alone_is_not_the_derivative():
    generator = np.random.default_rng(0)
    layer = CausalAttention(*generator.normal(size=(3, 2, 2)))
    x = generator.normal(size=(6, 2))
    value = causal_attention.jacobian(layer, x, 1).value
    assert np.abs(value - derivatives(layer.forward, x, 1))[2:].max() > 0.01


@given(attention_layers())
def test_proposition_10_for_attention(drawn):
    layer, x, tau = drawn
    paths = causal_attention.jacobian(layer, x, tau)
    norms = np.linalg.norm(paths.value + paths.routing, ord=2, axis=(-2, -1))
    bound = causal_attention.jacobian_bound(layer, x, tau)
    slack = 10 * attention_roundings(layer, x) * gradient_scale(layer, x)
    assert np.all(norms[tau + 1 :] <= bound[tau + 1 :] + slack)
    assert np.all(bound[: tau + 1] == 0)


def test_the_bound_is_made_of_the_largest_value_and_operator_norms():
    generator = np.random.default_rng(0)
    layer, x = CausalAttention(*generator.normal(size=(3, 2, 2))), generator.normal(size=(5, 2))
    alpha, keys = causal_attention.kernel(layer, x), causal_attention.key_gradient(layer, x)
    largest_value = max(float(np.hypot(*(layer.v_weight @ token))) for token in x)
    value_norm = float(np.linalg.svd(layer.v_weight, compute_uv=False)[0])
    key_norms = np.array([float(np.hypot(*key)) for key in keys])
    wanted = np.asarray(bounds.jacobian_bound(alpha[:, 1], key_norms, value_norm, largest_value))
    allowed = roundings(4 * 8)  # norms and singular values of 2 x 2, of both: LAPACK promises some 4 roundings
    assert np.allclose(causal_attention.jacobian_bound(layer, x, 1)[2:], wanted[2:], rtol=allowed, atol=0)


def test_half_the_bound_of_proposition_10_fails_for_uniform_weights():
    layer = CausalAttention(np.zeros((1, 2)), np.zeros((1, 2)), np.eye(2))
    x = np.random.default_rng(0).normal(size=(5, 2))
    paths = causal_attention.jacobian(layer, x, 0)
    norms = np.linalg.norm(paths.value + paths.routing, ord=2, axis=(-2, -1))
    assert np.all(norms[1:] > causal_attention.jacobian_bound(layer, x, 0)[1:] / 2)
    assert np.allclose(norms, 1 / np.arange(1, 6), rtol=roundings(4 + 2), atol=0)  # quotients, and singular values


def test_bad_token():
    layer = CausalAttention(np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 2)))
    for function in (causal_attention.jacobian, causal_attention.jacobian_bound):
        with pytest.raises(ValueError, match="source must be one of the 4 tokens from 0 on, got 4"):
            function(layer, np.ones((4, 2)), 4)
