from fractions import Fraction
from itertools import combinations
from math import log, prod

import numpy as np
import pytest

from sessa_ref.theory import depth
from tests.rounding import LIBRARY, gamma_roundings, near, roundings


def test_path_weights_are_the_coefficients():
    assert depth.path_weights([2, 3], [5, 7]) == [6, 15 + 14, 35]


def test_path_sum_is_the_sum_over_subsets_and_paths():
    rng = np.random.default_rng(0)
    kernels, d = [np.tril(rng.random((4, 4)), k=-1) for _ in range(3)], [2.0, 3.0, 5.0]
    t, tau = 3, 0
    total = sum(
        prod(d[m] for m in range(3) if m not in chosen)
        * prod(kernels[n][b, a] for n, a, b in zip(chosen, (tau, *inner), (*inner, t), strict=True))
        for k in range(1, 4)
        for chosen in combinations(range(3), k)
        for inner in combinations(range(tau + 1, t), k - 1)
    )
    assert depth.path_sum(d, kernels)[t, tau] == near(total, 2 * 4 + 10)  # positive: two products of 4 x 4, ten paths


def test_nested_harmonic_is_a_power_of_the_kernel():
    T = 7
    H = np.array([[Fraction(1, t + 1) if j < t else Fraction(0) for j in range(T)] for t in range(T)])
    cubed = H @ H @ H
    assert all(depth.nested_harmonic(3, j, t) == cubed[t, j] for t in range(T) for j in range(t))


def test_the_sharper_bound_lies_between():
    for t in range(3, 12):
        for tau in range(t):
            exact, sharper = depth.nested_harmonic(3, tau, t), depth.sharper_nested_harmonic_bound(3, tau, t)
            assert exact <= sharper <= depth.nested_harmonic_bound(3, t)


def test_bounds_of_one_block_are_its_envelope():
    weights = depth.path_weights([1.0], [2.0])
    assert depth.deep_attention_bound(weights, 4.0) == 2 / 5
    assert depth.deep_attention_constant(weights) == 2
    assert depth.deep_ssm_bound(weights, 0.5, 3) == 2 * np.exp(-1.5)
    assert depth.deep_ssm_constant(weights) == 2
    # logarithms of two libraries, and a power
    assert depth.deep_sessa_bound(weights, 0.5, 4.0) == near(2 / 2 * (1 + log(5)), 3 * LIBRARY + 4)
    assert depth.deep_diffuse_sessa_bound(weights, 0.5, 0.0, 9.0) == 2 * depth.diffuse_envelope(0.5, 0.0, 9.0)


def test_envelopes_multiply_to_a_harmonic_sum():
    eta, kernel = 0.3, np.zeros((9, 9))
    for t in range(9):
        for tau in range(t):
            kernel[t, tau] = depth.diffuse_envelope(eta, tau, t)
    stops = sum(1 / (i + eta) for i in range(1, 8))
    # positive: products of two envelopes, each of two quotients of Gamma functions, against one envelope
    allowed = 6 * gamma_roundings(9) + roundings(3 + 2 * 8 + 3)
    assert (kernel @ kernel)[8, 0] == pytest.approx(kernel[8, 0] * stops, rel=allowed, abs=0)
