from dataclasses import fields

import numpy as np
import pytest

from sessa_ref import influence, reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.tail_constants import GELU_SLOPE, from_weights, measure
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference.tokenwise import gelu_derivative
from sessa_ref.theory.jacobian_tails import TailConstants, tail_without_logarithm
from tests.rounding import bounds, central_difference


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
            assert getattr(needed, field.name) <= getattr(guaranteed, field.name), field.name


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

    Differences are taken in four directions: each number of an allowance e moves a norm of four by 2 e, one of 4 x 4 by 4 e.
    """
    parameters, x = drawn(6, T=8)
    tau, names = 3, ("alpha_fb", "f", "gamma")

    def values(x):
        return {name: getattr(reference.trace(parameters, x), name) for name in names}

    directions, rounding = np.zeros((4, 8, 4)), bounds(values, x, draws=2)
    directions[:, tau] = np.eye(4)
    derivative, allowed = {}, {}
    for name in names:
        columns = [
            central_difference(lambda s, n=name, d=d: values(x + s * d)[n], 2.0**-14, rounding[name].max())
            for d in directions
        ]
        derivative[name], allowed[name] = np.stack([c for c, _ in columns], axis=-1), max(e for _, e in columns)
    assert max(allowed.values()) < 1e-9, "so that the comparison has teeth"
    c = measure(parameters, x, tau).constants
    of_rows = np.linalg.norm(derivative["alpha_fb"][tau], axis=-1)
    assert c.L_alpha0 == pytest.approx(of_rows.sum(), rel=0, abs=tau * 2 * allowed["alpha_fb"])
    norms = np.linalg.norm(derivative["f"], ord=2, axis=(-2, -1))
    assert c.L_f0 == pytest.approx(norms[tau], rel=0, abs=4 * allowed["f"])
    assert c.L_f == pytest.approx((np.arange(5, 9) * norms[4:]).max(), rel=0, abs=8 * 4 * allowed["f"])
    assert c.L_gamma == pytest.approx(np.linalg.norm(derivative["gamma"][tau]), rel=0, abs=2 * allowed["gamma"])
    variation = np.arange(5, 9) * np.linalg.norm(derivative["alpha_fb"][4:], axis=-1).sum(axis=-1)
    assert np.all(variation <= 2 * c.L_route), "Lemma B.4"


def test_the_slope_of_gelu():
    slopes = gelu_derivative(np.linspace(-5, 5, 100_001))
    assert 1.1289 < slopes.max() <= GELU_SLOPE


def test_layers_that_appendix_b_leaves_out():
    with pytest.raises(ValueError, match="one head and norm='identity' are needed, got heads=2, norm='layernorm'"):
        from_weights(SessaParameters.random(SessaConfig.published(4, 2)), 1.0)
