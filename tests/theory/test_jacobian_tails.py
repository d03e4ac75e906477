import math

import numpy as np
import pytest
import sympy
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref import influence
from sessa_ref.theory import jacobian_tails
from sessa_ref.theory.jacobian_tails import TailConstants
from sessa_ref.theory.uniform_routing import uniform_influence
from tests.rounding import LIBRARY, gamma_roundings, near, roundings

etas = st.floats(0.02, 0.98)


@given(etas, st.integers(0, 20), st.floats(0, 3), st.floats(0, 3))
def test_worst_tail_is_the_solve_with_uniform_routing(eta, source, A_0, A_1):
    """f_tau = A_0, f_k = A_1 / (k + 1) after it."""
    T = 60
    f = np.where(np.arange(T) < source, 0, A_1 / (np.arange(T) + 1.0))
    f[source] = A_0
    s = np.linalg.solve(np.eye(T) - influence.uniform_routing(T, eta), f)[source + 1 :]
    worst = jacobian_tails.worst_tail(source, T, eta, A_0, A_1)
    # All numbers are positive. A path of h hops is off by T h roundings, and the mean of h is below 2 + log T < 8.
    allowed = 4 * gamma_roundings(T) + roundings(8 * T)
    assert np.allclose(worst, s, rtol=allowed, atol=0)
    t = np.arange(source + 1, T, dtype=float)
    ours = jacobian_tails.tail_without_logarithm(float(source), t, eta, A_0, A_1)
    assert np.all(worst <= ours * (1 + allowed))
    assert np.all(ours <= (eta * A_0 + A_1) / math.gamma(1 + eta) * (t - source) ** (eta - 1) * (1 + allowed))
    assert np.all(ours <= jacobian_tails.theorem_23_bound(t - source, eta, A_0, A_1))


@pytest.mark.parametrize("eta", [0.2, 0.5, 0.8])
def test_its_limit_for_source_0(eta):
    """A_0's part is at its limit early; A_1's approaches it like lag^(-eta)."""
    T = 200_000
    for A_0, A_1 in ((1.0, 0.0), (0.0, 1.0)):
        tail = jacobian_tails.worst_tail(0, T, eta, A_0, A_1)
        scaled = tail[[T // 100, T // 10, -1]] * np.array([T // 100 + 1, T // 10 + 1, T - 1.0]) ** (1 - eta)
        limit = jacobian_tails.best_jacobian_constant(eta, A_0, A_1)
        gaps = limit - scaled
        assert abs(gaps[-1]) <= 3 * T**-eta * limit
        assert abs(gaps[-1]) <= abs(gaps[1]) <= abs(gaps[0])


def test_factors():
    tau, t, eta = sympy.symbols("tau t eta", positive=True)
    product = eta * jacobian_tails.source_factor(tau, eta) * jacobian_tails.target_factor(t, eta)
    assert sympy.gammasimp(product - uniform_influence(tau, t, eta)) == 0
    allowed = gamma_roundings(4.5) + roundings(2 * LIBRARY + 2)
    assert jacobian_tails.source_factor(3.0, 0.5) == pytest.approx(math.gamma(4) / math.gamma(4.5), rel=allowed, abs=0)
    assert jacobian_tails.target_factor(arb(3), arb(0.5)).overlaps((arb(7) / 2).gamma() / 6)


@given(st.floats(0, 0.99), st.integers(1, 300), st.integers(0, 5))
def test_the_convolution_bound(beta, lag, source):
    total = jacobian_tails.convolution_sum(lag, beta, source)
    shape = lag**-beta * (1 + math.log1p(lag))
    assert total <= 2 * shape <= jacobian_tails.convolution_constant(beta) * shape  # equal at beta = 0, and exact there
    allowed = roundings(lag + 6 * LIBRARY)  # a sum of positive terms; powers, a logarithm, a digamma function
    assert total <= lag**-beta * (math.log1p(lag) + jacobian_tails.convolution_excess(beta)) * (1 + allowed)


def test_convolution_by_hand():
    assert jacobian_tails.convolution_sum(2, 1.0) == 1 / 2 + 1 / 2
    assert jacobian_tails.convolution_sum(2, 1.0, source=1) == 1 / 4 + 1 / 3
    assert jacobian_tails.convolution_constant(0.5) == near(3 * math.sqrt(2), LIBRARY + 3)  # a power
    assert jacobian_tails.convolution_excess(0.0) == near(np.euler_gamma, LIBRARY)


def test_theorem_23_by_hand():
    constants = TailConstants(2.0, 0.25, L_gamma=1.0, L_f0=2.0, L_alpha0=4.0, F=3.0, L_f=5.0, L_route=6.0)
    assert constants.eta == 0.5
    assert constants.state_bound == 4
    assert constants.at_source == 2 + 4 + 4
    assert constants.later == 5 + 12
    assert constants.tail == near(10 + (1 + 3 * math.sqrt(2)) * 17, LIBRARY + 10)  # positive terms, and a power
    bound = jacobian_tails.theorem_23_bound(4, 0.5, 10.0, 17.0)
    assert bound == near(constants.tail / 2 * (1 + math.log(5)), 3 * LIBRARY + 6)  # a power, and logarithms
