import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sessa_ref import influence, reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from tests.rounding import bound, near, roundings
from tests.strategies import cases


def by_reverse_mode(parameters, x, tau):
    """The same blocks, row by row, from the hand-derived gradients."""
    T, D = x.shape
    cotangents = np.eye(T * D).reshape(T * D, T, D)
    dx, _ = reference.vjp(parameters, np.repeat(x[None], T * D, axis=0), cotangents)
    return dx[:, tau].reshape(T, D, D)


@settings(max_examples=15)
@given(cases(max_T=8), st.data())
def test_both_modes_of_differentiation_agree(drawn, data):
    x = drawn.x[0]
    assume(len(x) > 0)
    tau = data.draw(st.integers(0, len(x) - 1))
    blocks = influence.block_jacobian(drawn.parameters, x, tau)
    expected = by_reverse_mode(drawn.parameters, x, tau)
    allowed = bound(lambda x: by_reverse_mode(drawn.parameters, x, tau), x, draws=2).max()
    assert np.all(np.abs(blocks - expected) <= allowed)
    assert not blocks[:tau].any(), "no token changes an earlier output"
    assert np.array_equal(influence.jacobian_norms(drawn.parameters, x, tau) > 0, np.abs(blocks).max((-2, -1)) > 0)


def test_norms_are_the_largest_singular_values():
    parameters = SessaParameters.random(SessaConfig.published(8, 2), 3)
    x = np.random.default_rng(1).normal(size=(7, 8))
    norms = influence.jacobian_norms(parameters, x, 2)
    blocks = influence.block_jacobian(parameters, x, 2)
    direction = np.linalg.svd(blocks[5])[2][0]
    n = 8 * 8  # LAPACK promises some n roundings beside the largest singular value, and the product takes n
    assert np.linalg.norm(blocks[5] @ direction) == near(norms[5], n)
    assert np.all(norms <= np.linalg.norm(blocks, axis=(-2, -1)) * (1 + roundings(n)))
    assert np.any(norms < 0.99 * np.linalg.norm(blocks, axis=(-2, -1))), "and not the Frobenius norms"


def test_routing_is_not_held_fixed():
    """With gate, routing and values frozen at x, the layer is a different linear map."""
    parameters = SessaParameters.random(SessaConfig.published(8), 3)
    x = np.random.default_rng(1).normal(size=(7, 8))
    steps = reference.trace(parameters, x)
    fixed = influence.impulse_response(steps.B, 2)
    norms = influence.jacobian_norms(parameters, x, 2)
    assert fixed.shape == norms.shape
    assert not np.allclose(norms[3:] / norms[3], fixed[3:] / fixed[3], rtol=1e-3)


def test_bad_arguments():
    parameters = SessaParameters.random(SessaConfig.published(4))
    with pytest.raises(ValueError, match=r"without batch axes, got \(1, 3, 4\)"):
        influence.block_jacobian(parameters, np.ones((1, 3, 4)), 0)
    with pytest.raises(ValueError, match="source must be one of the 3 tokens from 0 on, got 3"):
        influence.jacobian_norms(parameters, np.ones((3, 4)), 3)
    with pytest.raises(TypeError, match="x must hold floating-point numbers"):
        influence.block_jacobian(parameters, np.ones((3, 4), dtype=int), 0)


def test_complex_tokens_are_refused():
    parameters = SessaParameters.random(SessaConfig.published(4, 2), 0)
    with pytest.raises(TypeError, match=r"^x must hold real numbers"):
        influence.block_jacobian(parameters, np.ones((3, 4), dtype=complex), 0)
