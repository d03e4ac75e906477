"""LayerNorm on a scaffold: the formulas against LayerNorm itself."""

import numpy as np

from sessa_ref.theory import scaffold
from tests.rounding import near

EPS, M0, PAIRS, SIZE = 1e-5, 4, 3, 5.0


def normalized(u):
    """LayerNorm of (u, c, c, c, -c, -c, -c), and its first coordinates."""
    token = np.concatenate([u, np.full(PAIRS, SIZE), np.full(PAIRS, -SIZE)])
    token = (token - token.mean()) / np.sqrt(token.var() + EPS)
    return token, token[:M0]


def test_scale_and_size_are_inverse():
    a = scaffold.reference_scale(M0, 2 * PAIRS, SIZE, EPS)
    assert scaffold.scaffold_size(M0, 2 * PAIRS, a, EPS) == near(SIZE, 16)  # eps is far below the rest: nothing cancels
    assert normalized(np.zeros(M0))[0][-1] == near(-a * SIZE, 10)  # the token's mean is exactly 0


def test_bounds_hold_and_bent_ones_do_not():
    radius, m = 1.0, M0 + 2 * PAIRS
    a = scaffold.reference_scale(M0, 2 * PAIRS, SIZE, EPS)
    tokens = np.random.default_rng(0).normal(size=(200, M0))
    tokens = radius * np.concatenate([tokens / np.linalg.norm(tokens, axis=-1, keepdims=True), np.ones((1, M0)) / 2])
    errors, centred = [], []
    for u in tokens:
        whole, first = normalized(u)
        errors.append(np.linalg.norm(first - a * u))
        centred.append(np.linalg.norm((first - whole[M0:].sum() / (2 * PAIRS)) / a - u))
    direct = scaffold.direct_error(M0, m, radius, a)
    assert 0.1 * direct < np.max(errors) < direct < scaffold.printed_error(M0, m, radius, EPS)
    assert 0.1 * scaffold.centred_error(m, radius, a) < np.max(centred) < scaffold.centred_error(m, radius, a)
