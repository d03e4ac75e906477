import numpy as np
from hypothesis import given

from sessa_ref.influence import causal_attention as attention
from sessa_ref.theory import causal_attention, diffuse_routing
from tests.influence.layers import attention_layers, attention_roundings, gradient_scale
from tests.rounding import near, roundings

COMPLEX_STEP = 1e-100


def weight_derivatives(layer, x, tau):
    """d alpha / dx_tau by complex step, the coordinates of x_tau last."""
    columns = []
    for k in range(x.shape[1]):
        shifted = x.astype(np.complex128)
        shifted[tau, k] += 1j * COMPLEX_STEP
        columns.append(np.imag(attention.kernel(layer, shifted)) / COMPLEX_STEP)
    return np.stack(columns, axis=-1)


@given(attention_layers())
def test_routing_variation_is_exact_and_below_its_bound(drawn):
    """Lemma 4.3, and the equality inside its proof."""
    layer, x, tau = drawn
    brute = np.linalg.norm(weight_derivatives(layer, x, tau), axis=-1).sum(axis=-1)
    given_to = attention.kernel(layer, x)[:, tau], np.linalg.norm(attention.key_gradient(layer, x), axis=-1)
    variation = causal_attention.routing_variation(*given_to)
    later = slice(tau + 1, None)
    assert np.all(np.abs(brute - variation)[later] <= 10 * attention_roundings(layer, x) * gradient_scale(layer, x))
    assert np.all(variation <= causal_attention.routing_variation_bound(*given_to) * (1 + roundings(8)))  # products


def test_the_bound_on_the_variation_needs_its_factor_two():
    generator = np.random.default_rng(1)
    layer = attention.CausalAttention(*generator.normal(size=(3, 2, 2)))
    x = generator.normal(size=(10, 2))
    weight, gradient = attention.kernel(layer, x)[:, 0], np.linalg.norm(attention.key_gradient(layer, x), axis=-1)
    variation = causal_attention.routing_variation(weight, gradient)
    assert np.any(variation > causal_attention.routing_variation_bound(weight, gradient) / 2)


def test_jacobian_bound_by_hand():
    """alpha 1/4, |d logit| 2, |W_V| 3, max |v| 5: 3/4 + 5 * 2 * 2/4; `influence` has it hold for whole layers."""
    assert causal_attention.jacobian_bound(0.25, 2.0, 3.0, 5.0) == 5.75


@given(attention_layers())
def test_the_spread_encloses_every_weight(drawn):
    """Lemma C.1, row by row."""
    layer, x, _ = drawn
    alpha = attention.kernel(layer, x)
    visible = np.arange(1.0, len(x) + 1)
    lower, upper = diffuse_routing.diffuse_bounds(attention.logit_spread(layer, x), visible)
    slack = attention_roundings(layer, x)
    for t, row in enumerate(alpha):
        assert np.all(row[: t + 1] >= lower[t] * (1 - slack))
        assert np.all(row[: t + 1] <= upper[t] * (1 + slack))


def test_the_best_constant_of_a_row_is_attained_at_its_lightest_token():
    weights = np.array([0.5, 0.3, 0.2])
    constant = causal_attention.row_variation_constant(weights.min())
    ratios = causal_attention.routing_variation(weights, 1.0) / weights
    assert np.argmax(ratios) == 2
    assert ratios[2] == near(constant, 8)  # sums of three numbers and a quotient
    assert constant < 2
