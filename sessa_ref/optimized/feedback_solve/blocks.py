"""The blocked solve and its adjoint: exact, with no T x T matrix.

Rows are taken in blocks. What the finished blocks contribute to the next one is ordinary attention, whose values are
the states that are already known; inside the block a small unit-lower-triangular system remains. The adjoint is the
same walk backwards. A block holds its rows' logits from end to end, so its softmax is made in one piece, and made
again in the backward pass: memory is linear in T, and nothing is kept but w_t = sum_j alpha_tj s_j.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def block_size(T: int, D: int) -> int:
    """Rows per block: small ones waste less above the diagonal, large ones make better matrix products.

    Measured with `python -m benchmarks.block_size`.
    """
    return 64 if T <= 512 else 128 if T <= 1024 else 256


def solve(
    q: Float[Tensor, "batch T d_b"],
    k: Float[Tensor, "batch T d_b"],
    gamma: Float[Tensor, "batch T"],
    f: Float[Tensor, "batch T D"],
    block: int,
) -> tuple[Float[Tensor, "batch T D"], Float[Tensor, "batch T D"]]:
    """(s, w): the states and the means w_t = sum over j < t of alpha_tj s_j, so that s_t = f_t + gamma_t w_t."""
    q, s, w = q * q.shape[-1] ** -0.5, f.clone(), torch.zeros_like(f)
    hidden = _hidden(block, q)
    for start, stop in _blocks(f.shape[1], block):
        rows = slice(start, stop)
        alpha = _weights(q, k, start, stop, hidden)
        past, inside = alpha[..., :start], alpha[..., start:]
        gain = gamma[:, rows, None]
        w[:, rows].baddbmm_(past, s[:, :start])
        right = torch.addcmul(f[:, rows], gain, w[:, rows])
        s[:, rows] = torch.linalg.solve_triangular(-gain * inside, right, upper=False, unitriangular=True)
        w[:, rows].baddbmm_(inside, s[:, rows])
    return s, w


def adjoint(
    q: Float[Tensor, "batch T d_b"],
    k: Float[Tensor, "batch T d_b"],
    gamma: Float[Tensor, "batch T"],
    s: Float[Tensor, "batch T D"],
    w: Float[Tensor, "batch T D"],
    ds: Float[Tensor, "batch T D"],
    block: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(dq, dk, dgamma, df) for the cotangent ds of s; the formulas are in `dense_adjoint`."""
    scale = q.shape[-1] ** -0.5
    q = q * scale
    df, dq, dk = ds.clone(), torch.empty_like(q), torch.zeros_like(k)
    hidden = _hidden(block, q)
    for start, stop in reversed(list(_blocks(s.shape[1], block))):
        rows = slice(start, stop)
        alpha = _weights(q, k, start, stop, hidden)
        gain = gamma[:, rows, None]
        inside = (-gain * alpha[..., start:]).mT
        df[:, rows] = torch.linalg.solve_triangular(inside, df[:, rows], upper=True, unitriangular=True)
        scaled = gain * df[:, rows]
        df[:, :start].baddbmm_(alpha[..., :start].mT, scaled)
        dlogits = torch.bmm(scaled, s[:, :stop].mT)
        dlogits.sub_((scaled * w[:, rows]).sum(dim=-1, keepdim=True)).mul_(alpha)
        dq[:, rows] = dlogits @ k[:, :stop]
        dk[:, :stop].baddbmm_(dlogits.mT, q[:, rows])
    return dq.mul_(scale), dk, (df * w).sum(dim=-1), df


def _blocks(T: int, block: int) -> list[tuple[int, int]]:
    return [(start, min(start + block, T)) for start in range(0, T, block)]


def _hidden(block: int, like: Tensor) -> Bool[Tensor, "block block"]:
    return torch.ones(block, block, dtype=torch.bool, device=like.device).triu()


def _weights(q: Tensor, k: Tensor, start: int, stop: int, hidden: Tensor) -> Float[Tensor, "batch rows stop"]:
    """The rows start .. stop - 1 of alpha, up to the diagonal; q is scaled."""
    rows = stop - start
    logits = torch.bmm(q[:, start:stop], k[:, :stop].mT)
    logits[..., start:].masked_fill_(hidden[:rows, :rows], -torch.inf)
    if start == 0:  # token 0 sees nothing: any finite logit, and then no weight
        logits[:, 0, 0] = 0
    alpha = logits.softmax(dim=-1)
    if start == 0:
        alpha[:, 0] = 0
    return alpha
