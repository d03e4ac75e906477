"""The comparison classes' margins decay as Proposition 13 says."""

import numpy as np
import pytest

from sessa_ref.constructions.other_side import (
    attention_margin,
    attention_stack,
    largest_scores,
    ssm_margin,
    state_space_stack,
)
from sessa_ref.influence.causal_attention import CausalAttention, logit_spread
from tests.rounding import LIBRARY, bound, central_difference, roundings


def test_diffuse_attention_decays_like_one_over_the_lag():
    assert np.array_equal(attention_margin(1, 50, 2), 1 / (np.arange(1, 51) + 3))
    lags = np.arange(1, 4001)
    deep = attention_margin(3, 4000) * (1 + lags)
    assert np.all(deep <= 3 + 3 * (1 + np.log(1 + lags)) ** 2)


def test_an_ssm_whose_freeze_time_fails_decays_exponentially():
    lags = np.arange(1, 401)
    allowed = roundings(400 * (LIBRARY + 1) + 0.1 * 400 + LIBRARY)  # 400 exponentials, and one of 40
    assert np.allclose(ssm_margin(1, 400, 0.1), np.exp(-0.1 * lags), rtol=allowed, atol=0)
    falls = np.exp(-0.1 * 400) * (1 + 400) ** 2  # three layers: a polynomial of degree 2 beside the exponential
    assert ssm_margin(3, 400, 0.1)[-1] < falls


@pytest.fixture
def tokens(rng):
    x = rng.standard_normal((129, 7))
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_a_stack_is_diffuse_and_its_scores_fall_like_a_power(tokens):
    stack = attention_stack(2, 7)
    assert all(np.max(logit_spread(layer, tokens)) < 3 for layer in stack)
    scores, lags = largest_scores(stack, tokens), np.arange(1, 129)
    assert scores[-1] < 0.1 * scores[0]
    assert np.all(scores * (1 + lags) / (1 + np.log(1 + lags)) < 30), "1/lag, and one power of log for the second layer"


def test_a_state_space_stack_forgets_exponentially(tokens):
    stack = state_space_stack(3, 7)
    assert min(float(np.min(layer.select(tokens).step)) for layer in stack) > 0.2
    scores = largest_scores(stack, tokens)
    assert scores[-1] < 0.02 * scores[0]


def test_scores_are_derivatives(tokens):
    """Of the whole stack, in all 7 directions of token 2: 7 x 7 numbers that are off by e move a norm by 7 e at most."""
    stack = attention_stack(3, 7, seed=1)

    def output(x):
        for layer in stack:
            x = x + layer.forward(x)
        return x

    directions, rounding = np.zeros((7, 129, 7)), bound(output, tokens, draws=2).max()
    directions[:, 2] = np.eye(7)
    found = [central_difference(lambda s, d=d: output(tokens + s * d), 2.0**-13, rounding) for d in directions]
    norms = np.linalg.norm(np.stack([difference for difference, _ in found], axis=-1), ord=2, axis=(-2, -1))[3:]
    allowed = 7 * max(error for _, error in found)
    assert allowed < 1e-8, "so that the comparison has teeth"
    assert np.all(np.abs(norms - largest_scores(stack, tokens, 2)) <= allowed)
    own = largest_scores([CausalAttention(np.zeros((7, 7)), np.zeros((7, 7)), np.eye(7))], tokens, 2)
    # quotients, and singular values of 7 x 7
    assert np.allclose(own, attention_margin(1, 126, 2), rtol=roundings(7 * 7 + 4), atol=0)
