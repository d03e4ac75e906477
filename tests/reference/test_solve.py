import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.reference import solve

UNIT = 2.0**-53


@st.composite
def systems(draw, max_T=60):
    """A routing matrix of any gain below 1 and routing between uniform and one-hot, and a right-hand side."""
    T, D = draw(st.integers(0, max_T)), draw(st.integers(1, 4))
    batch = draw(st.sampled_from([(), (2,), (2, 3)]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = draw(st.sampled_from([0.0, 1.0, 40.0])) * generator.normal(size=(*batch, T, T))
    weights = np.tril(np.exp(logits - logits.max(initial=0.0)), k=-1)
    total = weights.sum(axis=-1, keepdims=True)
    alpha = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    gamma = draw(st.sampled_from([-0.999, 0.0, 0.5, 0.999])) * np.ones((*batch, T, 1))
    return gamma * alpha, generator.normal(size=(*batch, T, D))


def assert_solves(B, f, s):
    """Componentwise backward error of substitution: |f - (I - B) s| <= gamma_n (|f| + |s| + |B| |s|).

    Higham, Accuracy and Stability of Numerical Algorithms, theorem 8.5, with n + 2 roundings; the residual
    itself is computed in extended precision where there is one.
    """
    B, f, s = (array.astype(np.longdouble) for array in (B, f, s))
    residual = np.abs(f - s + B @ s)
    roundings = (f.shape[-2] + 4) * UNIT
    assert np.all(residual <= roundings * (np.abs(f) + np.abs(s) + np.abs(B) @ np.abs(s)))


@given(systems())
def test_recurrence(system):
    B, f = system
    assert_solves(B, f, solve.forward_substitution(B, f))


@given(systems())
def test_library_routine(system):
    B, f = system
    assert_solves(B, f, solve.triangular_solve(B, f))


@given(systems(max_T=30))
def test_full_neumann_series_is_the_solution(system):
    """Every path is summed, so the error is bounded by the same sum over absolute values."""
    B, f = system
    s = solve.forward_substitution(B, f)
    scale = solve.forward_substitution(np.abs(B), np.abs(f))
    T = f.shape[-2]
    assert np.all(np.abs(solve.neumann_series(B, f) - s) <= 4 * T * (T + 2) * UNIT * scale)


@given(systems(max_T=20), st.integers(0, 25))
def test_truncated_series_leaves_the_remainder(system, hops):
    """s - s_K = B^(K+1) s, and it vanishes for K >= T - 1."""
    B, f = system
    T = f.shape[-2]
    remainder = solve.forward_substitution(B, f) - solve.neumann_series(B, f, hops)
    expected = np.linalg.matrix_power(B, hops + 1) @ solve.forward_substitution(B, f) if T else remainder
    scale = solve.forward_substitution(np.abs(B), np.abs(f))
    assert np.all(np.abs(remainder - expected) <= 8 * T * (T + 2) * UNIT * scale)
    if hops < T - 1:
        full = solve.forward_substitution(np.abs(B), np.abs(f))
        kept = solve.neumann_series(np.abs(B), np.abs(f), hops)
        assert np.all(kept <= full * (1 + 4 * T * UNIT))


def test_hops_count_paths():
    """With B = 1 below the diagonal and f = e_0, k hops give binomial(t - 1, k - 1) paths."""
    B, f = np.tri(6, k=-1), np.eye(6)[:, :1]
    gained = solve.neumann_series(B, f, 3) - solve.neumann_series(B, f, 2)
    assert gained[:, 0].tolist() == [0, 0, 0, 1, 3, 6]
    assert solve.forward_substitution(B, f)[:, 0].tolist() == [1, 1, 2, 4, 8, 16]


@given(systems())
def test_adjoint(system):
    """<ds, (I - B)^-1 f> = <(I - B)^-T ds, f>."""
    B, f = system
    ds = np.flip(f, axis=-1).copy() + 1
    left = np.sum(ds * solve.forward_substitution(B, f))
    right = np.sum(solve.backward_substitution(B, ds) * f)
    scale = np.sum(np.abs(ds) * solve.forward_substitution(np.abs(B), np.abs(f)))
    assert abs(left - right) <= 4 * (f.size + f.shape[-2] ** 2 + 2) * UNIT * scale


@given(systems(max_T=12))
def test_only_the_strictly_lower_part_is_read(system):
    B, f = system
    noisy = B + np.triu(np.full(B.shape, 1e6))
    for method in (solve.forward_substitution, solve.triangular_solve, solve.neumann_series):
        assert np.array_equal(method(noisy, f), method(B, f)), method.__name__


@pytest.mark.parametrize("T", [0, 1])
def test_short(T):
    B, f = np.zeros((T, T)), np.ones((T, 3))
    for method in (solve.forward_substitution, solve.triangular_solve, solve.neumann_series):
        assert np.array_equal(method(B, f), f)
        assert method(B, f).shape == (T, 3)


def test_negative_hops():
    with pytest.raises(ValueError, match="hops must not be negative, got -1"):
        solve.neumann_series(np.zeros((2, 2)), np.ones((2, 1)), -1)
