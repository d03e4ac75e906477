import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref import influence
from sessa_ref.symbolic import routing, series
from sessa_ref.theory import key_routing

gains = st.floats(-0.999, 0.999, allow_nan=False)


@given(st.integers(2, 40), st.integers(0, 2**32), st.data())
def test_weights_that_only_the_key_decides(T, seed, data):
    tau = data.draw(st.integers(0, T - 2))
    generator = np.random.default_rng(seed)
    w, gamma = np.exp(generator.normal(size=T)), generator.uniform(-1, 1, T)
    alpha = np.tril(np.broadcast_to(w, (T, T)), k=-1) / np.maximum(np.cumsum(w) - w, w[0])[:, None]
    share = w / np.cumsum(w)
    expected = key_routing.key_influence(share, gamma, tau)
    found = influence.impulse_response(gamma[:, None] * alpha, tau)[tau + 1 :]
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-14)
    bent = gamma[tau + 1 :] * share[tau] * np.cumprod(np.r_[1, (1 - share)[tau + 1 : -1]])
    assert tau == T - 2 or not np.allclose(found, bent, rtol=1e-9, atol=1e-14), "gains between matter, too"


@given(st.integers(2, 40), gains, st.sampled_from([0.0, 0.01, 0.3, 2.0, np.inf]), st.data())
def test_sharpened_routing(T, gamma, sharpness, data):
    tau = data.draw(st.integers(0, T - 2))

    def closed_form(sharpness):
        return key_routing.key_influence(key_routing.sharpened_share(T, sharpness), np.full(T, gamma), tau)

    found = influence.impulse_response(influence.sharpened_routing(T, gamma, sharpness), tau)[tau + 1 :]
    assert np.allclose(found, closed_form(sharpness), rtol=1e-11, atol=1e-15)
    if tau + 2 < T and abs(gamma) > 0.1 and sharpness < 1:
        assert not np.allclose(found, closed_form(sharpness + 0.1), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize(("gamma", "sharpness"), [(0.6, 0.3), (0.2, 1.0)])
def test_the_factor_of_late_tokens(gamma, sharpness):
    late = influence.impulse_response(influence.sharpened_routing(200, gamma, sharpness), 0)[-2:]
    factor = key_routing.sharpened_factor(gamma, sharpness)
    assert late[1] / late[0] == pytest.approx(factor, rel=1e-10)
    assert late[1] / late[0] != pytest.approx(key_routing.sharpened_factor(gamma, sharpness + 0.01), rel=1e-4)


def test_predecessor_routing_decays_geometrically():
    N = series.inverse(routing.predecessor(8))
    for tau in range(8):
        for t in range(tau, 8):
            assert N[t, tau] == key_routing.predecessor_influence(tau, t, routing.GAMMA)
    assert key_routing.predecessor_influence(1, 4, 0.5) == 0.125
    assert key_routing.predecessor_influence(0, 2, sympy.Rational(1, 3)) == sympy.Rational(1, 9)
