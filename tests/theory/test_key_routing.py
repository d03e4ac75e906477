import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref import influence
from sessa_ref.symbolic import routing, series
from sessa_ref.theory import key_routing
from tests.rounding import LIBRARY, roundings, solution_rounding

gains = st.floats(-0.999, 0.999, allow_nan=False)


def rounding(B, share, gamma, source):
    """How far a column of the solve and the closed form may be apart.

    Weights and shares are sums of up to T exponentials, whose arguments are off by at most T roundings, and a quotient. In the
    closed form a factor 1 - (1 - gamma) share is off by as much; absolute values, and factors larger by it, bound the product.
    """
    T = len(B)
    of_share = roundings(2 * T + 2 * LIBRARY)
    larger = (1 - (1 - np.abs(gamma)) * share + of_share)[source + 1 : -1]
    product = np.abs(gamma[source + 1 :]) * share[source] * np.cumprod(np.r_[1, larger])
    of_product = np.r_[0, np.cumsum(of_share / larger)] + of_share + roundings(T)
    return solution_rounding(B, np.eye(T), n=2 * T + 2 * LIBRARY)[source + 1 :, source] + of_product * product


@given(st.integers(2, 40), st.integers(0, 2**32), st.data())
def test_weights_that_only_the_key_decides(T, seed, data):
    tau = data.draw(st.integers(0, T - 2))
    generator = np.random.default_rng(seed)
    w, gamma = np.exp(generator.normal(size=T)), generator.uniform(-1, 1, T)
    B = gamma[:, None] * np.tril(np.broadcast_to(w, (T, T)), k=-1) / np.r_[1, np.cumsum(w)[:-1]][:, None]
    share = w / np.cumsum(w)
    expected = key_routing.key_influence(share, gamma, tau)
    found, allowed = influence.impulse_response(B, tau)[tau + 1 :], rounding(B, share, gamma, tau)
    assert np.all(np.abs(found - expected) <= allowed)
    bent = gamma[tau + 1 :] * share[tau] * np.cumprod(np.r_[1, (1 - share)[tau + 1 : -1]])
    assert tau == T - 2 or np.any(np.abs(found - bent) > allowed), "gains between matter, too"


@given(st.integers(2, 40), gains, st.sampled_from([0.0, 0.01, 0.3, 2.0, np.inf]), st.data())
def test_sharpened_routing(T, gamma, sharpness, data):
    tau = data.draw(st.integers(0, T - 2))

    def closed_form(sharpness):
        return key_routing.key_influence(key_routing.sharpened_share(T, sharpness), np.full(T, gamma), tau)

    B = influence.sharpened_routing(T, gamma, sharpness)
    found = influence.impulse_response(B, tau)[tau + 1 :]
    allowed = rounding(B, key_routing.sharpened_share(T, sharpness), np.full(T, gamma), tau)
    assert np.all(np.abs(found - closed_form(sharpness)) <= allowed)
    if tau + 2 < T and abs(gamma) > 0.1 and sharpness < 1:
        assert np.any(np.abs(found - closed_form(sharpness + 0.1)) > allowed)


@pytest.mark.parametrize(("gamma", "sharpness"), [(0.6, 0.3), (0.2, 1.0)])
def test_the_factor_of_late_tokens(gamma, sharpness):
    B = influence.sharpened_routing(200, gamma, sharpness)
    late = influence.impulse_response(B, 0)[-2:]
    factor = key_routing.sharpened_factor(gamma, sharpness)
    allowed = 2 * (rounding(B, key_routing.sharpened_share(200, sharpness), np.full(200, gamma), 0)[-2:] / late).max()
    assert allowed < 1e-10, "so that the comparison has teeth"
    assert late[1] / late[0] == pytest.approx(factor, rel=allowed, abs=0)  # a limit, at most exp(-199 * 0.3) away
    other = key_routing.sharpened_factor(gamma, sharpness + 1e-8)
    assert late[1] / late[0] != pytest.approx(other, rel=allowed, abs=0)


def test_predecessor_routing_decays_geometrically():
    N = series.inverse(routing.predecessor(8))
    for tau in range(8):
        for t in range(tau, 8):
            assert N[t, tau] == key_routing.predecessor_influence(tau, t, routing.GAMMA)
    assert key_routing.predecessor_influence(1, 4, 0.5) == 0.125
    assert key_routing.predecessor_influence(0, 2, sympy.Rational(1, 3)) == sympy.Rational(1, 9)
