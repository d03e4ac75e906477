"""The certificate of the hops: what it promises holds, and is not empty."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.optimized.solve import dense, hops
from sessa_ref.optimized.solve.iteration import iterate, means
from tests.optimized.rounding import rounding
from tests.optimized.solve.problems import Problem, problem, problems


@given(problems(max_T=50), st.sampled_from([1e-1, 1e-3, 1e-6]))
def test_the_remainder_is_certified(drawn: Problem, tolerance: float):
    tensors = drawn.tensors()
    result = iterate(*tensors, tolerance=tolerance)
    exact = dense(*tensors)
    assert torch.all((result.s - exact).abs() <= result.remainder + rounding(dense, *tensors)[0])
    assert result.remainder <= tolerance
    assert max(drawn.f.shape[1] - 1, 0) >= result.K


@given(problems(max_T=50), st.sampled_from([1e-1, 1e-3]))
def test_never_more_hops_than_known_beforehand(drawn: Problem, tolerance: float):
    """rho^(K+1) / (1 - rho) max|f| <= tolerance is enough."""
    rho = np.abs(drawn.gamma).max(initial=0.0)
    size = np.abs(drawn.f).max(initial=0.0)
    K = iterate(*drawn.tensors(), tolerance=tolerance).K
    if 0 < rho < 1 and size > 0:
        assert max(np.ceil(np.log(tolerance * (1 - rho) / size) / np.log(rho) - 1), 0) >= K


def test_fewer_hops_than_certified_would_not_do():
    """Each token reads its predecessor, with gain rho: K hops leave exactly rho^(K+1) + ... of a constant signal."""
    T, rho = 60, 0.5
    clock = 2 * np.pi * np.arange(T) / 64
    k = 300 * np.stack([np.cos(clock), np.sin(clock)], axis=-1)[None]
    q = 300 * np.stack([np.cos(clock - clock[1]), np.sin(clock - clock[1])], axis=-1)[None]
    tensors = Problem(q, k, np.full((1, T), rho), np.ones((1, T, 1))).tensors()
    result = iterate(*tensors, tolerance=1e-4)
    missing = float((dense(*tensors) - result.s).abs().max())
    roundings = 2 * T * 2.0**-53 * 2  # of states of size up to 2, in both solutions
    assert missing == pytest.approx((rho ** (result.K + 1) - rho**T) / (1 - rho), rel=0, abs=roundings)
    assert missing == pytest.approx(result.remainder, rel=0, abs=rho**T / (1 - rho) + roundings)
    assert 2 * missing > 1e-4, "with one hop less, the remainder would have been too large"


def test_small_gains_take_few_hops():
    assert iterate(*problem(500, gain=0.3).tensors("float32")).K <= 15


@pytest.mark.parametrize("large", [(slice(None), -1), 0, (..., 0)], ids=["later token", "other row", "other column"])
def test_large_numbers_elsewhere_cost_no_precision(large):
    """The hops go on until all that does not depend on them is as precise as without them, in gradients too."""
    q, k, gamma, f = problem(80, batch=2, D=2, gain=0.9).tensors()
    gamma[0] *= 0.1  # so that the large row would need few hops
    ds = f.flip(1).clone()  # a later output's cotangent reaches earlier tokens: what depends on it is left out
    f[large], ds[large] = 1e30, 1e30
    small = torch.ones_like(f, dtype=torch.bool)
    small[large] = False
    results = []
    for solve in (hops, dense):
        leaf = f.clone().requires_grad_()
        s = solve(q, k, gamma, leaf)
        alone = torch.where(torch.tensor(large == (slice(None), -1)), ds * small, ds)
        results.append((s.detach(), torch.autograd.grad(s, leaf, alone)[0]))
    for found, wanted in zip(*results, strict=True):
        # Sums of at most 80 terms for each of the hops, and solutions at most 10 times as large as what is fed in.
        assert torch.all((found - wanted)[small].abs() <= 80 * 10 * 2.0**-52 * wanted[small].abs().max())


@pytest.mark.parametrize("T", [0, 1, 2, 5])
def test_means_are_those_of_the_strict_past(T):
    q, k, _, f = problem(T).tensors()
    w = means(q, k, f)
    assert w.shape == f.shape
    assert torch.all(w[:, :1] == 0)
    if T > 1:
        assert torch.equal(w[:, 1], f[:, 0]), "a softmax over one token is 1"
