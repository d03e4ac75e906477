"""The readable form: its weights are the definition's, and its adjoint is its derivative."""

import numpy as np
import pytest
import torch

from sessa_ref.optimized.solve.matrix import dense, dense_vjp, unitriangular_solve, weights
from tests.optimized.rounding import assert_equal_but_for_rounding
from tests.optimized.solve.problems import problem


def test_weights_are_a_softmax_over_the_strict_past():
    """Row by row: within the roundings of d + 1 numbers in a logit, of exp, and of a sum of at most 11, in either form."""
    q, k, _, _ = problem(12).tensors()
    largest = (q.abs() @ k.abs().mT).max().item() / np.sqrt(q.shape[-1])
    allowed = 2 * (2 * (q.shape[-1] + 1) * largest + 2 + 11) * 2.0**-53
    alpha = weights(q, k)
    assert torch.all(alpha[:, 0] == 0)
    for t in range(1, 12):
        logits = (q[:, t, None] * k[:, :t]).sum(-1) / np.sqrt(q.shape[-1])
        assert torch.allclose(alpha[:, t, :t], torch.softmax(logits, -1), rtol=allowed, atol=0)
        assert torch.all(alpha[:, t, t:] == 0)


def test_large_logits_neither_overflow_nor_leak():
    """One of the past weighs 1, even if the token itself and later ones have far larger logits."""
    q, k = (
        torch.full((1, 4, 1), 1e4, dtype=torch.float64),
        torch.tensor([1e4, -1e4, 0.0, 1e6], dtype=torch.float64)[None, :, None],
    )
    alpha = weights(q, k)
    assert torch.equal(
        alpha[0], torch.tensor([[0.0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]], dtype=torch.float64)
    )


def test_it_solves_its_system():
    """The residual of forward substitution is within T u of the terms."""
    q, k, gamma, f = problem(30).tensors()
    s = dense(q, k, gamma, f)
    B = gamma[..., None] * weights(q, k)
    terms = f.abs() + B.abs() @ s.abs() + s.abs()
    assert torch.all((s - B @ s - f).abs() <= 31 * 2.0**-53 * terms)


@pytest.mark.parametrize("upper", [False, True])
def test_a_unitriangular_system_is_solved_without_its_diagonal_and_other_triangle(upper):
    """The residual of substitution is within T u of the terms, and x lies in memory row after row."""
    A, right = problem(30, d=30).tensors()[0] / 8, problem(30).tensors()[3]
    x = unitriangular_solve(A, right, upper=upper)
    read = A.triu(1) if upper else A.tril(-1)
    terms = right.abs() + read.abs() @ x.abs() + x.abs()
    assert torch.all((x + read @ x - right).abs() <= 31 * 2.0**-53 * terms)
    assert x.is_contiguous()


@pytest.mark.parametrize("T", [1, 2, 9])
def test_the_adjoint_is_the_derivative(T):
    """Against autograd through the solve."""
    tensors = problem(T).tensors(grad=True)
    ds = torch.randn(tensors[3].shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def derivative(*tensors):
        *leaves, ds = tensors
        return torch.autograd.grad(dense(*leaves), leaves, ds, allow_unused=True, materialize_grads=True)

    assert_equal_but_for_rounding(dense_vjp(*tensors, ds), derivative, *tensors, ds)


def test_the_adjoint_can_be_differentiated():
    tensors = problem(4, batch=1, d=2, D=2).tensors(grad=True)
    ds = torch.randn(1, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert torch.autograd.gradcheck(dense_vjp, (*tensors, ds))
