"""The solve for a few tokens that follow others whose states are known: decoding, and prefill in chunks."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

_SHARED = 1 << 20
"""Numbers in a product with a single row from which on the threads share it; fewer are sooner read by one."""


def extend(
    q: Float[Tensor, "batch new d_b"],
    k: Float[Tensor, "batch all d_b"],
    gamma: Float[Tensor, "batch new"],
    f: Float[Tensor, "batch new D"],
    s: Float[Tensor, "batch past D"],
) -> Float[Tensor, "batch new D"]:
    """The states of the new tokens, in the dtype of f; computed in at least float32, with new x all weights.

    Args:
        q: feedback queries of the new tokens.
        k: feedback keys of all tokens, past ones first.
        gamma: gains of the new tokens.
        f: forward signal of the new tokens.
        s: states of the past tokens; where there are none, there may be only one new token.
    """
    past, new = s.shape[1], f.shape[1]
    if past == 0:
        return f
    working = torch.promote_types(f.dtype, torch.float32)
    with torch.autocast(f.device.type, enabled=False):
        q, k, gamma, right, s = (tensor.to(working) for tensor in (q, k, gamma[..., None], f, s))
        logits = _inner_products(q * q.shape[-1] ** -0.5, k[:, : past + new - 1])  # nobody reads the last key
        if new > 1:
            seen = torch.ones(new, past + new - 1, dtype=torch.bool, device=f.device).tril(past - 1)
            logits = logits.masked_fill(~seen, -torch.inf)
        alpha = logits.softmax(dim=-1)
        right = right + gamma * _weighted_sums(alpha[..., :past], s)
        if new > 1:
            inside = torch.nn.functional.pad(-gamma * alpha[..., past:], (0, 1))
            right = torch.linalg.solve_triangular(inside, right, upper=False, unitriangular=True)
        return right.to(f.dtype)


def _inner_products(q: Float[Tensor, "batch new d"], k: Float[Tensor, "batch all d"]) -> Float[Tensor, "batch new all"]:
    parts = _parts(q, k)
    if parts == 1:
        return q @ k.mT
    of_parts = torch.bmm(
        q[0].unflatten(-1, (parts, -1)).transpose(0, 1), k[0].unflatten(-1, (parts, -1)).permute(1, 2, 0)
    )
    return of_parts.sum(dim=0, keepdim=True)


def _weighted_sums(
    alpha: Float[Tensor, "batch new all"], s: Float[Tensor, "batch all D"]
) -> Float[Tensor, "batch new D"]:
    parts = _parts(alpha, s)
    if parts == 1:
        return alpha @ s
    of_parts = torch.bmm(alpha.expand(parts, -1, -1), s[0].unflatten(-1, (parts, -1)).transpose(0, 1))
    return of_parts.transpose(0, 1).flatten(-2)[None]


def _parts(row: Tensor, many: Tensor) -> int:
    """Into how many parts to cut the features: BLAS gives a product with a single row to one thread otherwise."""
    alone = row.device.type == "cpu" and row.shape[:2] == (1, 1) and many.numel() >= _SHARED
    return math.gcd(many.shape[-1], torch.get_num_threads()) if alone and not torch.compiler.is_compiling() else 1
