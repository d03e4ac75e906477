import math

import numpy as np
import pytest
import sympy
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref import influence
from sessa_ref.theory import diffuse_routing
from sessa_ref.theory.uniform_routing import uniform_influence
from tests.rounding import LIBRARY, gamma_roundings, near, roundings, solution_rounding

spreads = st.floats(0, 3)
gains = st.floats(0.01, 0.99)


def random_routing(T, gamma, spread, seed):
    """Gains up to gamma of both signs, and softmax rows of logits within `spread`."""
    generator = np.random.default_rng(seed)
    weights = np.tril(np.exp(spread * generator.uniform(size=(T, T))), k=-1)
    alpha = weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-300)
    return gamma * generator.uniform(-1, 1, (T, 1)) * alpha, alpha


@given(spreads, st.integers(2, 40), st.integers(0, 2**32))
def test_bounded_logits_are_diffuse(spread, T, seed):
    """(61): c2 = e^spread is enough, and it is never below 1."""
    _, alpha = random_routing(T, 0.5, spread, seed)
    allowed = roundings(2 * (LIBRARY + spread) + T + 3)  # exp, and a sum of T
    assert 1 - allowed <= diffuse_routing.diffuseness(alpha) <= math.exp(spread) * (1 + allowed)


def test_diffuseness():
    uniform = influence.uniform_routing(9, 1.0)
    assert diffuse_routing.diffuseness(uniform) == near(1, 2)  # a quotient, and a product
    assert diffuse_routing.diffuseness(influence.earliest_routing(9, 1.0, 1.5)) == near(1.5, 2)
    assert diffuse_routing.diffuseness(influence.sharpened_routing(9, 1.0, np.inf)) == 8
    assert diffuse_routing.diffuseness(uniform + 7 * np.eye(9)) == near(1, 2), "the diagonal is no weight"
    assert diffuse_routing.diffuseness(np.zeros((0, 0))) == diffuse_routing.diffuseness(np.zeros((1, 1))) == 0


@given(st.floats(0.05, 0.95), st.floats(0, 1), st.integers(0, 2**32), st.integers(0, 30))
def test_no_subcritical_diffuse_routing_exceeds_uniform_routing_or_theorem_8(eta, spread, seed, tau):
    B, alpha = random_routing(60, 1.0, spread, seed)
    B *= eta / diffuse_routing.diffuseness(alpha)
    influences = np.abs(influence.impulse_response(B, tau))[tau + 1 :]
    lags = np.arange(1, len(influences) + 1)
    uniform = influence.uniform_routing(60, eta)
    extreme = influence.impulse_response(uniform, tau)[tau + 1 :]
    rounding = 2 * solution_rounding(uniform, np.eye(60), n=60 + 20)[tau + 1 :, tau]  # n: softmax rows, and their scale
    assert np.all(influences <= extreme + rounding)
    assert np.all(extreme <= diffuse_routing.tail_constant(eta) * lags ** (eta - 1.0))
    assert np.all(extreme <= lags ** (eta - 1.0) / math.gamma(eta) * (1 + roundings(2 * LIBRARY)) + rounding)
    assert extreme[1] > eta * 2 ** (eta - 1.0) or tau > 0, "eta without e^eta is no bound"


@given(gains, st.floats(1, 50))
def test_the_exponent_solves_its_equation(gamma, c2):
    beta = diffuse_routing.row_sum_tail_exponent(gamma, c2)
    # beta is 1 minus a number below 1, of a library function and a logarithm; log c2 carries its error to the equation
    allowed = 2 * LIBRARY
    assert abs(1 - beta - gamma * c2**beta) <= roundings(allowed * (1 + math.log(c2)) + LIBRARY + 2)
    assert 0 < beta <= 1 - gamma + roundings(allowed)
    if gamma * c2 < 1:
        assert beta >= diffuse_routing.tail_exponent(gamma, c2) - roundings(allowed)
    assert diffuse_routing.row_sum_tail_exponent(gamma, 1.0) == 1 - gamma


@given(gains, st.floats(0, 2), st.integers(0, 2**32), st.integers(0, 20))
def test_rows_that_sum_to_one_keep_the_larger_exponent(gamma, spread, seed, tau):
    """The bound of the proof, for nine tenths of the exponent: C = 1/h(n0 - 1)."""
    B, alpha = random_routing(80, gamma, spread, seed)
    c2 = diffuse_routing.diffuseness(alpha)
    beta = 0.9 * diffuse_routing.row_sum_tail_exponent(gamma, max(c2, 1.0))
    # n0 is the first lag from which gamma c2^beta / (1 - beta) <= (n / (n + 1))^beta.
    start = next(n for n in range(1, 10**6) if gamma * c2**beta / (1 - beta) <= (n / (n + 1)) ** beta)
    cell = (start ** (1 - beta) - (start - 1) ** (1 - beta)) / (1 - beta)
    influences = np.abs(influence.impulse_response(B, tau))[tau + 1 :]
    assert np.all(influences <= np.arange(1, len(influences) + 1) ** -beta / cell)


@pytest.mark.parametrize(("gamma", "c2"), [(0.5, 2.0), (0.3, 1.5), (0.6, 3.0), (0.5, 1.0)])
def test_earliest_routing_attains_it(gamma, c2):
    T = 1500
    B = influence.earliest_routing(T, gamma, c2)
    # sums of positive shares, of which the last one is 1 minus the others
    assert np.allclose(B[1:].sum(axis=-1), gamma, rtol=roundings(T + 4), atol=0)
    assert diffuse_routing.diffuseness(B / gamma) == near(c2, 4)
    influences = influence.impulse_response(B, 0)
    fit = influence.fit_power_law(np.arange(150, T), influences[150:])
    beta = diffuse_routing.row_sum_tail_exponent(gamma, c2)
    # t^-beta (1 + a/t) solves the recursion but for a relative 1/t^2 where a = -q beta / (2 (beta + q)), q = c2 (1 - beta).
    # It turns a fit from lag 150 on by at most |a| / 150, and |a| is below beta / 2.
    assert fit.rate == pytest.approx(beta, rel=0, abs=beta / 2 / 150)
    too_fast = influences[150:] * np.arange(150, T) ** (1.1 * beta)
    assert too_fast[-1] > 1.05 * too_fast[0], "a larger exponent is no bound"
    assert c2 == 1 or abs(fit.rate - (1 - gamma * c2)) > 0.05, "and not the exponent of Theorem 8"


def test_it_holds_most_of_the_influence():
    """No other diffuse routing with the same constants keeps more of token 0."""
    routing = influence.earliest_routing(60, 0.5, 1.9)
    extreme = influence.impulse_response(routing, 0)
    rounding = 2 * solution_rounding(routing, np.eye(60), n=60 + 20)[:, 0]  # n: softmax rows
    assert np.all(np.diff(extreme) <= 0)
    for seed in range(50):
        B, alpha = random_routing(60, 0.5, 0.6, seed)
        assert diffuse_routing.diffuseness(alpha) <= 1.9
        assert np.all(np.abs(influence.impulse_response(B, 0)) <= extreme + rounding)


def test_the_constant_of_theorem_28():
    """(62) bounds uniform routing with gamma = eta, proved by balls; half of it does not bound the first lag."""
    half = arb(0.5)
    C = diffuse_routing.tail_constant(half)
    influences = [uniform_influence(0, lag, half) for lag in range(1, 60)]
    assert all(y <= C * arb(lag) ** -half for lag, y in enumerate(influences, start=1))
    assert influences[0] > C / 2
    eta = sympy.Symbol("eta")
    assert diffuse_routing.tail_constant(eta) == eta * sympy.exp(eta)


def test_lemma_c_1_needs_the_whole_spread():
    """One logit of 6 among nine of 0: the largest weight is exp(6) / (exp(6) + 9), far above exp(2) / 10."""
    largest = math.exp(6) / (math.exp(6) + 9)
    smallest = 1 / (math.exp(6) + 9)
    lower, upper = diffuse_routing.diffuse_bounds(np.array([6.0]), np.array([10.0]))
    assert lower[0] <= smallest < largest <= upper[0]
    lower, upper = diffuse_routing.diffuse_bounds(np.array([2.0]), np.array([10.0]))
    assert upper[0] < largest
    assert lower[0] > smallest


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"eta must lie in \(0, 1\), got 1"):
        diffuse_routing.tail_constant(1)
    with pytest.raises(ValueError, match=r"gamma_max c2 < 1 is needed, got 0.5 \* 2.0 = 1.0"):
        diffuse_routing.tail_exponent(0.5, 2.0)
    assert diffuse_routing.tail_exponent(0.5, 0.5) == 0.75
    for function in (diffuse_routing.tail_exponent, diffuse_routing.row_sum_tail_exponent):
        with pytest.raises(ValueError, match=r"gamma_max must lie in \[0, 1\), got 1"):
            function(1.0, 1.0)
    with pytest.raises(ValueError, match=r"c2 must be at least 1 and finite, got 0\.9"):
        diffuse_routing.row_sum_tail_exponent(0.5, 0.9)
    with pytest.raises(ValueError, match="c2 must be positive and finite, got 0"):
        diffuse_routing.tail_exponent(0.5, 0.0)
    with pytest.raises(ValueError, match=r"c2 must be at least 1, got 0\.5"):
        influence.earliest_routing(4, 0.5, 0.5)
    with pytest.raises(ValueError, match="T must not be negative"):
        influence.earliest_routing(-1, 0.5, 1.0)


def test_the_sharp_bounds_of_weights_are_attained():
    spread, n = 1.5, 7
    weights = np.exp([spread] + [0.0] * (n - 1))
    weights /= weights.sum()
    flipped = np.exp([0.0] + [spread] * (n - 1))
    flipped /= flipped.sum()
    least, most = diffuse_routing.sharp_diffuse_bounds(spread, n)
    assert (flipped[0], weights[0]) == near((least, most), 2 * (2 * LIBRARY + n + 3))
    lower, upper = diffuse_routing.diffuse_bounds(np.array([spread]), np.array([float(n)]))
    assert lower[0] < least < most < upper[0]


@given(st.floats(0.01, 0.99))
def test_the_best_constant_is_below_the_papers(eta):
    best = diffuse_routing.best_tail_constant(eta)
    assert best == pytest.approx(1 / math.gamma(eta), rel=gamma_roundings(2) + roundings(LIBRARY + 2), abs=0)
    assert best < diffuse_routing.tail_constant(eta)
    late = uniform_influence(0, 10**7, eta) * 10.0 ** (7 * (1 - eta))
    # a limit, from which lag 10^7 is off by eta (1 - eta) / 2 lags; quotients of Gamma functions are in one factor
    assert late == pytest.approx(best, rel=1 / (8 * 10**7) + 4 * gamma_roundings(2) + roundings(4 * LIBRARY), abs=0)


@given(st.floats(0.01, 0.99))
def test_constants_for_row_sums(beta):
    constants = diffuse_routing.row_sum_tail_constants(beta)
    assert list(constants) == sorted(constants)
    assert constants[-1] == 2


@pytest.mark.parametrize(("gamma", "c2"), [(0.5, 2.0), (0.9, 2.0), (0.6, 3.0), (0.5, 1.0)])
def test_row_sums_bound_the_earliest_routing(gamma, c2):
    T = 800
    influences = influence.impulse_response(influence.earliest_routing(T, gamma, c2), 0)[1:]
    beta = diffuse_routing.row_sum_tail_exponent(gamma, c2)
    scaled = influences * np.arange(1, T) ** beta
    assert np.all(scaled <= diffuse_routing.row_sum_tail_constants(beta)[0])
