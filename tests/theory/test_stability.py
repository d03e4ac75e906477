import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.reference import solve, tokenwise
from sessa_ref.theory import stability
from tests.rounding import LIBRARY, near, roundings


@given(st.floats(0, 300), st.floats(0.01, 1))
def test_margin_is_one_minus_tanh(argument, gamma_max):
    margin = stability.feedback_margin(argument, gamma_max)
    assert 0 < margin <= 1
    assert margin == pytest.approx(1 - gamma_max * math.tanh(argument), rel=0, abs=roundings(LIBRARY + 2))


@given(st.integers(1, 40), st.sampled_from([0.0, 1e-300, 1e-9, 0.1, 0.5, 1.0]))
def test_factor_of_some_tokens_is_the_geometric_sum(T, margin):
    geometric = sum((1 - margin) ** k for k in range(T))
    allowed = 2 * T + 4 * LIBRARY  # sums and powers of up to T numbers, all positive
    assert stability.solve_factor(margin, T) == near(geometric, allowed)
    assert geometric <= stability.solve_factor(margin) * (1 + roundings(allowed))


@pytest.mark.parametrize("T", [1, 2, 5])
def test_factor_is_attained_by_predecessor_routing(T):
    rho = Fraction(9, 10)
    B = np.diag(np.full(T - 1, 0.9), k=-1)
    assert stability.largest_state(T, rho) == stability.solve_factor(1 - rho, T)
    s = solve.forward_substitution(B, np.ones((T, 1)))
    # positive terms; 0.9 is rounded, too
    assert s.max() == near(float(stability.solve_factor(1 - rho, T)), 3 * T)


@given(st.integers(2, 8), st.floats(1e-3, 1e3), st.integers(0, 2**32))
def test_standardized_bound_is_sharp(D, R, seed):
    x = np.random.default_rng(seed).normal(size=D)
    x *= R / np.linalg.norm(x)
    bound, allowed = stability.standardized_bound(R, D, 1e-5), 8 * D  # mean, variance, norm and R: sums of D
    assert np.linalg.norm(tokenwise.standardize(x, 1e-5)[0]) <= bound * (1 + roundings(allowed))
    assert bound <= math.sqrt(D) * (1 + roundings(allowed))
    centred = np.zeros(D)
    centred[:2] = R / math.sqrt(2), -R / math.sqrt(2)
    assert np.linalg.norm(tokenwise.standardize(centred, 1e-5)[0]) == near(bound, allowed)


def test_edges():
    assert stability.standardized_bound(3.0, 1, 1e-5) == stability.standardized_bound(0.0, 4, 0.0) == 0
    assert stability.standardized_bound(1e-200, 4, 0.0) == 2
    assert stability.solve_factor(0.0) == math.inf
    assert stability.solve_factor(0.0, 7) == 7
    assert stability.standardize_lipschitz(0.0) == math.inf
    assert stability.standardize_lipschitz(0.25) == 2
    assert stability.compose((1, 2), (3, 4)) == (7, 8)
    assert stability.block_bound(1, 10, 2, 3, 4, 5) == 1 + 4 * 60 + 5


@pytest.mark.parametrize("arguments", [(-1.0,), (math.nan,), (1.0, 0.0), (1.0, 1.5)])
def test_margin_refuses(arguments):
    with pytest.raises(ValueError, match="must"):
        stability.feedback_margin(*arguments)


@given(st.integers(1, 4), st.integers(1, 3), st.floats(0, 10), st.integers(0, 2**32))
def test_gelu_growth(D, outputs, R, seed):
    rng = np.random.default_rng(seed)
    W, b, V, c = rng.normal(size=(D, D)), rng.normal(size=D), rng.normal(size=(outputs, D)), rng.normal(size=outputs)
    x = rng.normal(size=(20, D))
    x *= R / np.linalg.norm(x, axis=-1, keepdims=True)
    y = tokenwise.gelu(x @ W.T + b) @ V.T + c
    composed = stability.compose((np.linalg.norm(c), np.linalg.norm(V, 2)), (np.linalg.norm(b), np.linalg.norm(W, 2)))
    # two products with matrices and GELU; absolute values make a matrix at most sqrt(D) = 2 times as large
    rounding = roundings(2 * 2 * (2 * (D + 2) + 2 * LIBRARY)) * (composed[0] + composed[1] * R)
    constant, slope = stability.gelu_growth(W, b, V, c)
    assert np.linalg.norm(y, axis=-1).max() <= constant + slope * R + rounding
    assert constant <= composed[0] * (1 + roundings(8 * D))  # norms of D x D matrices
    assert slope <= composed[1] * (1 + roundings(8 * D))
    constant, slope = stability.gelu_growth(W, b, V[:1], c[:1], one_sided=True)
    assert y[:, 0].max() <= constant + slope * R + rounding
