"""The solve for a few tokens that follow others whose states are known: decoding, and prefill in chunks."""

import torch
from jaxtyping import Float
from torch import Tensor


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
        logits = (q * q.shape[-1] ** -0.5) @ k[:, : past + new - 1].mT  # nobody reads the last key
        if new > 1:
            seen = torch.ones(new, past + new - 1, dtype=torch.bool, device=f.device).tril(past - 1)
            logits = logits.masked_fill(~seen, -torch.inf)
        alpha = logits.softmax(dim=-1)
        right = right + gamma * (alpha[..., :past] @ s)
        if new > 1:
            inside = torch.nn.functional.pad(-gamma * alpha[..., past:], (0, 1))
            right = torch.linalg.solve_triangular(inside, right, upper=False, unitriangular=True)
        return right.to(f.dtype)
