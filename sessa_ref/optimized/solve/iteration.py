"""The feedback solve by hops: s <- f + B s, each one causal attention, until what is missing is certified small.

All tokens move at once, so it suits a device with more parallel arithmetic than the blocked walk can use. It also suits
small gains: with rho = max |gamma|, K hops leave a remainder of at most rho^(K+1) / (1 - rho) max |f|. At rho = 0.3
fourteen hops give float32's precision; at 0.999 thousands may be needed. After T - 1 hops nothing is missing, because B
is nilpotent. Where routing is diffuse, routes are short and far fewer hops suffice.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


class Hops(NamedTuple):
    """What the iteration found."""

    s: Float[Tensor, "*batch T D"]
    K: int
    """The number of hops taken."""
    remainder: float
    """Bound on |s - solution|, as certified by the last hop; 0 after T - 1 hops. Rounding errors come on top."""


def iterate(
    q: Float[Tensor, "*batch T d_b"],
    k: Float[Tensor, "*batch T d_b"],
    gamma: Float[Tensor, "*batch T"],
    f: Float[Tensor, "*batch T D"],
    tolerance: float = 0.0,
) -> Hops:
    """The solution with its certificate. Arguments as for `feedback_solve`.

    After a hop of size e = max |B^K f| the remainder is at most rho / (1 - rho) e, and never more than
    rho^(K+1) / (1 - rho) max |f|. The same holds in each column, and up to each token.

    Args:
        q: feedback queries.
        k: feedback keys.
        gamma: gains.
        f: forward signal.
        tolerance: absolute error allowed in s; 0, the default, for an eighth of the rounding error of the largest
            entry of f in the same column up to the same token, so that neither later tokens nor other rows and
            columns make it larger.
    """
    return _sum_of_hops(f, gamma, tolerance, lambda z: gamma[..., None] * means(q, k, z), _so_far)


def vjp(
    q: Float[Tensor, "*batch T d_b"],
    k: Float[Tensor, "*batch T d_b"],
    gamma: Float[Tensor, "*batch T"],
    s: Float[Tensor, "*batch T D"],
    ds: Float[Tensor, "*batch T D"],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(dq, dk, dgamma, df) for the cotangent ds of s: lambda <- ds + B^T lambda.

    B shrinks maxima; B^T shrinks sums over all tokens from any one on. Autograd provides the products with B^T.
    """
    with torch.enable_grad():
        q, k, gamma, s = (tensor.detach().requires_grad_() for tensor in (q, k, gamma, s))
        fed_back = gamma[..., None] * means(q, k, s)

    def transposed(z: Tensor) -> Tensor:
        return torch.autograd.grad(fed_back, s, z, retain_graph=True)[0]

    df = _sum_of_hops(ds, gamma.detach(), 0.0, transposed, _from_now_on).s
    dq, dk, dgamma = torch.autograd.grad(fed_back, (q, k, gamma), df, allow_unused=True, materialize_grads=True)
    return dq, dk, dgamma, df


def means(
    q: Float[Tensor, "*batch T d_b"], k: Float[Tensor, "*batch T d_b"], values: Float[Tensor, "*batch T D"]
) -> Float[Tensor, "*batch T D"]:
    """Sum over j < t of alpha_tj values_j: causal attention of all tokens but the first to all but the last."""
    if values.shape[-2] < 2:
        return torch.zeros_like(values)
    seen = functional.scaled_dot_product_attention(
        q[..., None, 1:, :], k[..., None, :-1, :], values[..., None, :-1, :], is_causal=True
    )
    return functional.pad(seen.squeeze(-3), (0, 0, 1, 0))


def _sum_of_hops(start: Tensor, gamma: Tensor, tolerance: float, step: Callable, sizes: Callable) -> Hops:
    """Add up start, step(start), ...; `sizes` measures each term token by token, in the norm that the step shrinks."""
    hop, total = start, start.clone()
    rho = gamma.abs().max().item() if gamma.numel() else 0.0
    missing = rho / (1 - rho) if rho < 1 else float("inf")
    allowed = tolerance or torch.finfo(total.dtype).eps / 16 * sizes(start)
    T, K = total.shape[-2], 0
    while K < T - 1 and not bool((missing * sizes(hop) <= allowed).all()):
        hop = step(hop)
        total = total + hop
        K += 1
    left = missing * float(sizes(hop).max()) if K < T - 1 and hop.numel() else 0.0
    return Hops(total, K, left)


def _so_far(z: Tensor) -> Tensor:
    """The largest number of each column up to each token."""
    return z.abs().cummax(dim=-2).values


def _from_now_on(z: Tensor) -> Tensor:
    """The sum of each column's numbers from each token on."""
    return z.abs().flip(-2).cumsum(dim=-2).flip(-2)
