"""The blocked solve, by block forward substitution, and its vector-Jacobian product: exact, with no T x T matrix.

Rows are taken in blocks. What the finished blocks contribute to the next one is ordinary attention, whose values are
the states that are already known; inside the block a small unit-lower-triangular system remains. The adjoint is the
same walk backwards. A block holds its rows' logits from end to end, so its softmax is made in one piece, and made
again in the backward pass: memory is linear in T, and nothing is kept but w_t = sum_j alpha_tj s_j.

Before the diagonal a block consists of large tiles, for the sake of large matrix products, and on the diagonal of
smaller ones, so that little is computed above it. The walk needs matrix products, softmax and small triangular solves,
which every device has, and never waits for the device; only the sizes differ.

Where q and k are in half precision, all products multiply numbers of that precision and add up in float32, the dtype
of everything else: weights, states and their adjoints are rounded where they become factors, and nowhere else.
"""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from sessa_ref.optimized.solve.matrix import unitriangular_solve


@dataclass(frozen=True)
class Sizes:
    """How large the pieces are on a kind of device.

    Args:
        longest_block: up to this many tokens, a single block of all of them is taken.
        block: rows of a block where there are more than 1024 tokens; half as many where there are fewer.
        past: columns of a tile before the diagonal.
        tile: rows of a tile on the diagonal, which is one triangular solve.
    """

    longest_block: int
    block: int
    past: int
    tile: int

    def rows(self, T: int) -> int:
        """Rows per block of T tokens: large ones make better matrix products, small ones need less memory."""
        return max(T, 1) if self.longest_block >= T else self.block // 2 if T <= 1024 else self.block


PROCESSOR: Final = Sizes(longest_block=384, block=512, past=512, tile=128)
"""Measured with `python -m benchmarks.block_size`; a tile of the past stays in the processor's cache."""
ACCELERATOR: Final = Sizes(longest_block=2048, block=2048, past=2**31, tile=512)
"""Few large products, which fill a large GPU; chosen with `python -m benchmarks.accelerator`, not measured on one."""


def sizes(device: torch.device) -> Sizes:
    """The sizes for a device."""
    return PROCESSOR if device.type == "cpu" else ACCELERATOR


def solve(
    q: Float[Tensor, "batch T d_b"],
    k: Float[Tensor, "batch T d_b"],
    gamma: Float[Tensor, "batch T"],
    f: Float[Tensor, "batch T D"],
    block: int,
) -> tuple[Float[Tensor, "batch T D"], Float[Tensor, "batch T D"]]:
    """(s, w): the states and the means w_t = sum over j < t of alpha_tj s_j, so that s_t = f_t + gamma_t w_t."""
    s, w, weights = torch.empty_like(f), torch.zeros_like(f), _Weights(q, k, f.dtype, block)
    factor = s if q.dtype == s.dtype else torch.empty_like(s, dtype=q.dtype)
    for start, stop in weights.blocks:
        alpha = weights.rows(start, stop)
        for rows, columns in weights.tiles(start, stop):
            local = slice(rows.start - start, rows.stop - start)
            past = slice(columns.start, min(columns.stop, rows.start))
            _add(w[:, rows], alpha[:, local, past], factor[:, past])
            if columns.stop == rows.stop:  # on the diagonal: all before is known now
                gain, inside = gamma[:, rows, None], alpha[:, local, rows]
                right = torch.addcmul(f[:, rows], gain, w[:, rows])
                system = -gain * inside
                torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True, out=s[:, rows])
                if factor is not s:
                    factor[:, rows] = s[:, rows]
                _add(w[:, rows], inside, factor[:, rows])
    return s, w


def vjp(
    q: Float[Tensor, "batch T d_b"],
    k: Float[Tensor, "batch T d_b"],
    gamma: Float[Tensor, "batch T"],
    s: Float[Tensor, "batch T D"],
    w: Float[Tensor, "batch T D"],
    ds: Float[Tensor, "batch T D"],
    block: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(dq, dk, dgamma, df) for the cotangent ds of s; the formulas are in `dense_vjp`."""
    df, dq, dk = ds.clone(), *(torch.zeros_like(z, dtype=s.dtype) for z in (q, k))
    weights, factor = _Weights(q, k, s.dtype, block), s.to(q.dtype)
    memory = torch.empty_like(weights.memory)
    for start, stop in reversed(weights.blocks):
        alpha = weights.rows(start, stop)
        for rows, columns in reversed(weights.tiles(start, stop)):
            local = slice(rows.start - start, rows.stop - start)
            past, gain = slice(columns.start, min(columns.stop, rows.start)), gamma[:, rows, None]
            if columns.stop == rows.stop:  # on the diagonal: all after is known now
                inside = (-gain * alpha[:, local, rows]).mT
                df[:, rows] = unitriangular_solve(inside, df[:, rows], upper=True)
            _add(df[:, past], alpha[:, local, past].mT, (gain * df[:, rows]).to(q.dtype))
        new = slice(start, stop)
        fed_back = gamma[:, new, None] * df[:, new]
        means, fed_back = (fed_back * w[:, new]).sum(dim=-1, keepdim=True), fed_back.to(q.dtype)
        for rows, columns in weights.tiles(start, stop):
            local = slice(rows.start - start, rows.stop - start)
            dlogits = weights.shaped(memory, start, stop)[:, local, columns]
            _add(dlogits, fed_back[:, local], factor[:, columns].mT, beta=0)
            rounded = dlogits.sub_(means[:, local]).mul_(alpha[:, local, columns]).to(q.dtype)
            _add(dq[:, rows], rounded, k[:, columns], scale=weights.scale)
            _add(dk[:, columns], rounded.mT, q[:, rows], scale=weights.scale)
    return dq.to(q.dtype), dk.to(k.dtype), (df * w).sum(dim=-1), df


def _add(out: Tensor, left: Tensor, right: Tensor, beta: int = 1, scale: float = 1.0) -> None:
    """out = beta out + scale left @ right, added up in the dtype of `out`."""
    if left.dtype == out.dtype:
        out.baddbmm_(left, right, beta=beta, alpha=scale)
    else:
        torch.baddbmm(out, left, right, out_dtype=out.dtype, beta=beta, alpha=scale, out=out)


class _Weights:
    """Rows of alpha up to the diagonal, some at a time, always in the same memory, where `dtype` is that of logits."""

    def __init__(self, q: Tensor, k: Tensor, dtype: torch.dtype, block: int) -> None:
        N, T, d_b = q.shape
        self.q, self.k, self.scale = q, k, d_b**-0.5
        self.blocks = [(start, min(start + block, T)) for start in range(0, T, block)]
        self.memory = q.new_empty(N * min(block, T) * T, dtype=dtype)
        self._sizes = sizes(q.device)
        tile = self._sizes.tile
        self._hidden = torch.ones(tile, tile, dtype=torch.bool, device=q.device).triu()

    def tiles(self, start: int, stop: int) -> list[tuple[slice, slice]]:
        """Rows and columns that make up the rows start .. stop - 1 up to the diagonal: the past first, then downwards."""
        width, tile = self._sizes.past, self._sizes.tile
        past = [(slice(start, stop), slice(low, min(low + width, start))) for low in range(0, start, width)]
        edges = [(low, min(low + tile, stop)) for low in range(start, stop, tile)]
        return past + [(slice(low, high), slice(start, high)) for low, high in edges]

    def rows(self, start: int, stop: int) -> Float[Tensor, "batch rows stop"]:
        """The rows start .. stop - 1 of alpha, as factors of products."""
        logits = self.shaped(self.memory, start, stop)
        for rows, columns in self.tiles(start, stop):
            tile = logits[:, rows.start - start : rows.stop - start]
            _add(tile[..., columns], self.q[:, rows], self.k[:, columns].mT, beta=0, scale=self.scale)
            if columns.stop == rows.stop:
                n = rows.stop - rows.start
                tile[..., rows].masked_fill_(self._hidden[:n, :n], -torch.inf)
                tile[..., rows.stop :] = -torch.inf
        if start == 0:  # token 0 sees nothing: any finite logit, and then no weight
            logits[:, 0, 0] = 0
        alpha = torch.softmax(logits, dim=-1, out=logits)  # in place
        if start == 0:
            alpha[:, 0] = 0
        return alpha.to(self.q.dtype)

    def shaped(self, memory: Tensor, start: int, stop: int) -> Float[Tensor, "batch rows stop"]:
        """A view of the memory for the rows start .. stop - 1."""
        N, rows = len(self.q), stop - start
        return memory[: N * rows * stop].view(N, rows, stop)
