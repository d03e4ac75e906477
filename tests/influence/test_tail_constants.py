from dataclasses import fields

import numpy as np
import pytest

from sessa_ref import influence, reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.tail_constants import GELU_SLOPE, from_weights, measure
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference.tokenwise import gelu_derivative
from sessa_ref.theory.jacobian_tails import TailConstants, tail_without_logarithm


def drawn(seed, T=30, radius=1.0):
    """A block and tokens in the ball of that radius."""
    parameters = SessaParameters.random(SessaConfig.paper(4), seed)
    x = np.random.default_rng(seed).normal(size=(T, 4))
    return parameters, radius * x / np.linalg.norm(x, axis=-1).max()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("radius", [0.5, 2.0])
def test_the_weights_guarantee_what_the_tokens_need(seed, radius):
    parameters, x = drawn(seed, radius=radius)
    guaranteed = from_weights(parameters, radius)
    for source in (0, 1, 28):
        needed = measure(parameters, x, source).constants
        for field in fields(TailConstants):
            assert getattr(needed, field.name) <= getattr(guaranteed, field.name) * (1 + 1e-12), field.name


def test_measured_jacobians_are_those_of_the_layer_and_below_the_bound():
    parameters, x = drawn(5)
    found = measure(parameters, x, 3)
    assert np.array_equal(found.outputs, influence.jacobian_norms(parameters, x, 3)[4:])
    c, t = found.constants, np.arange(4.0, 30)
    assert c.eta < 1
    assert np.all(found.states <= tail_without_logarithm(3.0, t, c.eta, c.at_source, c.later))
    assert found.gate_entry <= found.gate


def test_constants_by_differences():
    """L_alpha0, L_f and L_gamma at one source, from nearby evaluations of the layer.

    A central difference is off by the step squared, 1e-12, and by 2^-53 / step, 1e-10, times numbers of order 1.
    """
    parameters, x = drawn(6, T=8)
    step, tau = 1e-6, 3
    derivative = {}
    for name in ("alpha_fb", "f", "gamma"):
        columns = []
        for k in range(4):
            moved = [x.copy(), x.copy()]
            moved[0][tau, k] += step
            moved[1][tau, k] -= step
            above, below = (getattr(reference.trace(parameters, one), name) for one in moved)
            columns.append((above - below) / (2 * step))
        derivative[name] = np.stack(columns, axis=-1)
    c = measure(parameters, x, tau).constants
    assert c.L_alpha0 == pytest.approx(np.linalg.norm(derivative["alpha_fb"][tau], axis=-1).sum(), rel=1e-8)
    norms = np.linalg.norm(derivative["f"], ord=2, axis=(-2, -1))
    assert c.L_f0 == pytest.approx(norms[tau], rel=1e-8)
    assert c.L_f == pytest.approx((np.arange(5, 9) * norms[4:]).max(), rel=1e-8)
    assert c.L_gamma == pytest.approx(np.linalg.norm(derivative["gamma"][tau]), rel=1e-8)
    variation = np.arange(5, 9) * np.linalg.norm(derivative["alpha_fb"][4:], axis=-1).sum(axis=-1)
    assert np.all(variation <= 2 * c.L_route), "Lemma B.4"


def test_the_slope_of_gelu():
    slopes = gelu_derivative(np.linspace(-5, 5, 100_001))
    assert 1.1289 < slopes.max() <= GELU_SLOPE


def test_layers_that_appendix_b_leaves_out():
    with pytest.raises(ValueError, match="one head and norm='identity' are needed, got heads=2, norm='layernorm'"):
        from_weights(SessaParameters.random(SessaConfig.published(4, 2)), 1.0)
