"""The feedback solve in its readable form: B is a matrix, and the solve is torch's."""

import torch
from jaxtyping import Float
from torch import Tensor


def dense(
    q: Float[Tensor, "*batch T d_b"],
    k: Float[Tensor, "*batch T d_b"],
    gamma: Float[Tensor, "*batch T"],
    f: Float[Tensor, "*batch T D"],
) -> Float[Tensor, "*batch T D"]:
    """The solution s of (I - diag(gamma) alpha) s = f, with alpha of (17) as a T x T matrix.

    Every step is differentiable, any number of times. Arguments as for `feedback_solve`. Computed in the dtype of f.
    """
    q, k = q.to(f.dtype), k.to(f.dtype)
    B = gamma[..., None] * weights(q, k)
    return unitriangular_solve(-B, f)


def unitriangular_solve(
    A: Float[Tensor, "*batch T T"], right: Float[Tensor, "*batch T D"], upper: bool = False
) -> Float[Tensor, "*batch T D"]:
    """The solution x of A x = right. A's diagonal is taken as 1, and its other triangle as 0; neither is read.

    Torch is given the transposed system: its libraries take columns one after the other, as the rows of x lie in memory,
    and the system as it stands would be copied back and forth.
    """
    return torch.linalg.solve_triangular(A.mT, right.mT, upper=not upper, left=False, unitriangular=True).mT


def weights(q: Float[Tensor, "*batch T d_b"], k: Float[Tensor, "*batch T d_b"]) -> Float[Tensor, "*batch T T"]:
    """alpha (17): the softmax of <q_t, k_j> / sqrt(d_b) over the strict past j < t; row 0 is zero."""
    T = q.shape[-2]
    hidden = torch.ones(T, T, dtype=torch.bool, device=q.device).triu()
    # Row 0 sees nothing. A softmax of nothing is NaN, also in the gradient, so the row stays unmasked until after it.
    after_first = torch.arange(T, device=q.device)[:, None] > 0
    logits = (q * q.shape[-1] ** -0.5) @ k.mT
    return logits.masked_fill(hidden & after_first, -torch.inf).softmax(dim=-1).masked_fill(hidden, 0)


def dense_vjp(
    q: Float[Tensor, "*batch T d_b"],
    k: Float[Tensor, "*batch T d_b"],
    gamma: Float[Tensor, "*batch T"],
    f: Float[Tensor, "*batch T D"],
    ds: Float[Tensor, "*batch T D"],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(dq, dk, dgamma, df) for the cotangent ds of s; it is differentiable itself.

    With lambda = (I - B)^(-T) ds: df = lambda, dgamma_t = <lambda_t, w_t> and
    dlogit_tj = alpha_tj gamma_t <lambda_t, s_j - w_t>, where w_t = sum_j alpha_tj s_j. Computed in the dtype of f.
    """
    q, k = q.to(f.dtype), k.to(f.dtype)
    alpha = weights(q, k)
    B = gamma[..., None] * alpha
    s = unitriangular_solve(-B, f)
    df = unitriangular_solve(-B.mT, ds, upper=True)
    w = alpha @ s
    dgamma = (df * w).sum(dim=-1)
    dlogits = B * (df @ s.mT - dgamma[..., None]) * q.shape[-1] ** -0.5
    return dlogits @ k, dlogits.mT @ q, dgamma, df
