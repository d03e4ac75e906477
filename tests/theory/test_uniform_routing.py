from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
import sympy
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.certified import exact
from sessa_ref.symbolic import hops, routing, series
from sessa_ref.theory import uniform_routing
from tests.rounding import LIBRARY, gamma_roundings, roundings

GAMMA = routing.GAMMA


def as_polynomial(expression):
    return sympy.expand(sympy.gammasimp(sympy.expand_func(expression)))


def as_ball(number):
    return arb(fmpq(number.numerator, number.denominator))


@pytest.fixture(scope="module")
def longest():
    """(I - B)^(-1) under uniform routing for 30 tokens; the corner is that of fewer."""
    return series.inverse(routing.uniform(30))


@pytest.mark.parametrize("source", [0, 1, 2, 7, 28])
def test_influence_in_symbols(longest, source):
    for target in range(source + 1, 30):
        assert as_polynomial(uniform_routing.uniform_influence(source, target, GAMMA)) == longest[target, source]


def test_every_source_and_target(longest):
    """All T <= 30: the step K_{t+1} (t + 1) = (t + gamma) K_t and the first edge, entry by entry."""
    for tau in range(29):
        assert longest[tau + 1, tau] == GAMMA / (tau + 1)
        for t in range(tau + 1, 29):
            assert sympy.expand((t + 1) * longest[t + 1, tau] - (t + GAMMA) * longest[t, tau]) == 0


@pytest.mark.parametrize("gamma", [Fraction(1, 2), Fraction(-9, 10), Fraction(999, 1000)])
@pytest.mark.parametrize("bits", [53, 200])
def test_balls_contain_the_exact_sum_over_paths(gamma, bits):
    K = exact.inverse(routing.uniform(40, gamma))
    with flint.ctx.workprec(bits):
        for source, target in ((0, 1), (0, 39), (5, 25), (38, 39)):
            ball = uniform_routing.uniform_influence(source, target, as_ball(gamma))
            with flint.ctx.workprec(4 * bits):
                true = arb(K[target, source])
                assert ball.contains(true)
                assert not ball.contains(true * (1 + arb(2) ** -40))


@pytest.mark.parametrize("gamma", [0.5, -0.9, 0.999, 0.0])
@pytest.mark.parametrize("source", [0, 7, 10**4])
def test_floats_of_short_and_long_lags(gamma, source):
    """Each factor is exp of a difference of logarithms of Gamma at worst; their rounding becomes relative."""
    targets = source + np.array([1, 2, 30, 1000, 10**9])
    found = uniform_routing.uniform_influence(source, targets, gamma)
    with mpmath.workdps(50):
        g = mpmath.mpf(gamma)
        for value, t in zip(found, targets.tolist(), strict=True):
            true = g * mpmath.gammaprod([t + g, source + 1], [t + 1, source + 1 + g]) if gamma else mpmath.mpf(0)
            slack = gamma_roundings(t + 1) + gamma_roundings(source + 1) + roundings(4)
            assert abs(mpmath.mpf(float(value)) - true) <= slack * abs(true)
            assert not gamma or abs(mpmath.mpf(float(value)) - (1 + 1e-9) * true) > slack * abs(true)


def test_tail_constant_in_numbers():
    """K lag^(1 - gamma) is the constant times at least 1 - (1 - gamma) (tau + gamma) / lag, by Wendel's inequality."""
    gamma, source, lag = sympy.Rational(2, 5), 2, 10**5
    influence = sympy.N(uniform_routing.uniform_influence(source, source + lag, gamma), 30)
    ratio = influence * lag ** (1 - gamma) / uniform_routing.uniform_tail_constant(source, gamma)
    assert 0 < 1 - sympy.N(ratio, 30) <= (1 - gamma) * (source + gamma) / lag


def test_tail_constant_in_balls():
    """K lag^(1 - gamma) tends to it, and is off by at most (1 - gamma) (tau + gamma) / lag of it, from below."""
    with flint.ctx.workprec(100):
        half = arb(0.5)
        limit = uniform_routing.uniform_tail_constant(2, half)
        for lag in (10**3, 10**6):
            scaled = uniform_routing.uniform_influence(2, 2 + lag, half) * arb(lag) ** half
            short = 1 - scaled / limit
            assert short > 0
            assert short <= (1 - half) * (2 + half) / lag


@pytest.mark.parametrize("target", [1, 2, 5, 8])
def test_hops_are_stirling_numbers(target):
    parts = hops.by_hops(routing.uniform(target + 1), 0, target)
    assert parts == [uniform_routing.uniform_by_hops(k, target, GAMMA) for k in range(target + 1)]


@pytest.mark.parametrize(("source", "target"), [(0, 1), (0, 4), (2, 6)])
def test_mean_hops(source, target):
    closed = sympy.expand_func(uniform_routing.uniform_mean_hops(source, target, GAMMA))
    assert sympy.cancel(closed - hops.mean_hops(routing.uniform(target + 1), source, target)) == 0


def test_position_code():
    solution = series.inverse(routing.uniform(12)) * sympy.ones(12, 1)
    for t in range(12):
        code = sympy.cancel(sympy.gammasimp(sympy.expand_func(uniform_routing.position_code(t, GAMMA))))
        assert sympy.expand(code - solution[t]) == 0


def test_limit_of_the_position_code():
    """1/(1 - gamma) - c_t is gamma/(1 - gamma) K_{t, 0}, which falls like t^(gamma - 1)."""
    T = sympy.Symbol("t", integer=True, positive=True)
    gap = uniform_routing.position_code_limit(GAMMA) - uniform_routing.position_code(T, GAMMA)
    assert sympy.gammasimp(gap - GAMMA / (1 - GAMMA) * uniform_routing.uniform_influence(0, T, GAMMA)) == 0
    values = [float(uniform_routing.position_code(t, 0.5)) for t in (0, 1, 10, 100, 10000)]
    assert values == sorted(values)
    assert 0 < uniform_routing.position_code_limit(0.5) - values[-1] < 10000 ** (0.5 - 1)


def test_bad_arguments():
    with pytest.raises(ValueError, match="target must be after source, got source 3 and target 3"):
        uniform_routing.uniform_influence(3, 3, 0.5)
    with pytest.raises(ValueError, match="target must be after source"):
        uniform_routing.uniform_influence(3, np.array([4, 3]), 0.5)
    with pytest.raises(ValueError, match="source must not be negative, got -1"):
        uniform_routing.uniform_tail_constant(-1, 0.5)


@given(st.floats(0.01, 0.99), st.integers(1, 10**6))
def test_bounds_of_the_gamma_ratio(gamma, t):
    value = uniform_routing.gamma_ratio(t, gamma)
    lower, upper = uniform_routing.gamma_ratio_bounds(t, gamma)
    sharper, same = uniform_routing.sharper_gamma_ratio_bounds(t, gamma)
    assert lower < sharper <= value * (1 + gamma_roundings(t + 1))
    assert value <= upper * (1 + gamma_roundings(t + 1))
    assert same == upper


@given(st.floats(0.01, 0.99), st.integers(0, 40))
def test_constants_of_a_bounded_source_family(gamma, largest):
    rounding = gamma_roundings(largest + 200) + gamma_roundings(largest + 1) + roundings(4 * LIBRARY)
    low, high = uniform_routing.bounded_source_constants(largest, gamma)
    best_low, best_high = uniform_routing.best_bounded_source_constants(largest, gamma)
    assert low <= best_low * (1 + rounding)
    assert high == best_high
    lags = np.arange(1, 200)
    first = uniform_routing.uniform_influence(0, lags, gamma) * lags ** (1 - gamma)
    last = uniform_routing.uniform_influence(largest, largest + lags, gamma) * lags ** (1 - gamma)
    assert np.all(first <= best_high * (1 + rounding))
    assert last[0] == pytest.approx(best_low, rel=rounding, abs=0)
    assert np.all(last >= best_low * (1 - rounding))


def test_the_step_of_the_position_code():
    for t in (0, 1, 5, 40):
        step = uniform_routing.position_code(t + 1, 0.7) - uniform_routing.position_code(t, 0.7)
        rounding = 2 * (gamma_roundings(t + 2) + roundings(4)) / (1 - 0.7)  # of the codes, both up to 1 / (1 - gamma)
        assert uniform_routing.position_code_step(t, 0.7) == pytest.approx(step, rel=0, abs=rounding)
