"""The feedback solve over several processes of `torch.distributed`, each of which holds some of the tokens.

Both passes, forwards and backwards, are the wave of `wave`. Every rank keeps q, k, s and lambda of all tokens, so
memory is linear in T. The computation and the weights, which take the most memory, are divided among the ranks.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, distributed

from sessa_ref.optimized.arguments import whole_number
from sessa_ref.optimized.context_parallel.wave import Wave
from sessa_ref.optimized.context_parallel.weights import Columns, Rows
from sessa_ref.optimized.nonfinite_tokens import finite, from_first_on, nonfinite_tokens
from sessa_ref.optimized.solve.inputs import working_dtype
from sessa_ref.optimized.transforms import without_autocast


def context_parallel_solve(
    q: Float[Tensor, "..."],
    k: Float[Tensor, "..."],
    gamma: Float[Tensor, "..."],
    f: Float[Tensor, "..."],
    block: int,
    group: distributed.ProcessGroup | None = None,
) -> Float[Tensor, "*batch own D"]:
    """This rank's rows of the solution that `feedback_solve` gives for all tokens; every rank must call it.

    It can be differentiated once, backwards. Dtypes, and tokens that are not finite, are as in `feedback_solve`.

    Args:
        q: feedback queries of `own_tokens`; the other inputs are of the same tokens.
        k: feedback keys.
        gamma: gains.
        f: forward signal.
        block: tokens per block, the same on all ranks.
        group: the processes that share the tokens; all by default.

    Raises:
        TypeError: an input is no tensor of floating-point numbers.
        ValueError: the shapes or devices do not belong together, or the tokens are not whole blocks.
        RuntimeError: a second derivative is wanted, with `create_graph=True`.
    """
    working = working_dtype(q, k, gamma, f)
    if gamma.shape[-1] % whole_number("block", block, least=1):
        raise ValueError(f"a rank's tokens must be whole blocks of {block}, got {gamma.shape[-1]} tokens")
    wave, batch = Wave(block, group), gamma.shape[:-1]
    with without_autocast(f.device):
        bad = nonfinite_tokens(q, k, gamma[..., None], f)
        flat = [finite(z.to(working)).reshape(math.prod(batch), *z.shape[len(batch) :]) for z in (q, k, gamma, f)]
        spoiled = wave.own(from_first_on(wave.all(bad.reshape(flat[2].shape).to(working)) > 0))
        s = _Solve.apply(*flat, wave).masked_fill(spoiled[..., None], torch.nan)  # type: ignore[union-attr]
    return s.to(f.dtype).reshape(f.shape)


class _Solve(torch.autograd.Function):
    """(q, k, gamma, f) of this rank -> s of this rank."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, wave: Wave) -> Tensor:
        q_all, k_all, gamma_all = wave.all(q), wave.all(k), wave.all(gamma)
        f_all = wave.spread(f)
        weights = Rows(q_all, k_all, wave.block, wave.ranks)
        s = torch.zeros_like(f_all)
        w, lse = torch.zeros_like(s), torch.zeros_like(gamma_all)
        parts: list[tuple[slice, Tensor, Tensor]] = []

        def solve(number: int, part: int, columns: slice) -> Tensor:
            nonlocal parts
            rows = wave.rows(number)
            if part == 0:
                parts, lse[:, rows] = weights.finish(rows)
            *past, (_, inside, factor) = parts
            mean, gain, inside = w[:, rows, columns], gamma_all[:, rows, None], factor * inside
            for before, values, scale in past:
                mean += scale * (values @ s[:, before, columns])
            right = torch.addcmul(f_all[:, rows, columns], gain, mean)
            piece = torch.linalg.solve_triangular(-gain * inside, right, upper=False, unitriangular=True)
            mean += inside @ piece
            if number + wave.ranks < s.shape[1] // wave.block:
                weights.prepare(wave.rows(number + wave.ranks), part)
            return piece

        wave.run(solve, s, backwards=False)
        ctx.save_for_backward(q_all, k_all, gamma_all, s, wave.own(w), wave.own(lse))
        ctx.wave, ctx.width = wave, f.shape[-1]
        return wave.own(s)[..., : f.shape[-1]].contiguous()

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        if torch.is_grad_enabled():  # torch's once_differentiable lets a cotangent that is constant pass in silence
            raise RuntimeError("context_parallel_solve can be differentiated once: create_graph must be False")
        q, k, gamma, s, w, lse = ctx.saved_tensors
        wave: Wave = ctx.wave
        ds_all = wave.spread(cotangents[0])
        lse = wave.all(lse)
        weights = Columns(q, k, gamma, lse, wave.block, wave.ranks)
        df = torch.zeros_like(ds_all)
        parts: list[tuple[slice, Tensor]] = []

        def solve(number: int, part: int, columns: slice) -> Tensor:
            nonlocal parts
            rows = wave.rows(number)
            if part == 0:
                parts = weights.finish(rows)
            *after, (_, inside) = parts
            right = ds_all[:, rows, columns].clone()
            for later, entries in after:
                right += entries @ df[:, later, columns]
            if number >= wave.ranks:
                weights.prepare(wave.rows(number - wave.ranks), part)
            return torch.linalg.solve_triangular(-inside, right, upper=True, unitriangular=True)

        wave.run(solve, df, backwards=True)
        own = wave.own(df)
        dgamma = (own * w).sum(dim=-1)
        means = wave.all(wave.own(gamma) * dgamma)
        dq, dk = torch.zeros_like(q), torch.zeros_like(k)
        for number in range(wave.rank, q.shape[1] // wave.block, wave.ranks):
            rows = wave.rows(number)
            before, after = slice(0, rows.stop), slice(rows.start, q.shape[1])
            dq[:, rows] = _dlogits(weights, s, df, means, rows, before) @ k[:, before]
            dk[:, rows] = _dlogits(weights, s, df, means, after, rows).mT @ q[:, after]
        scale = weights.scale
        return scale * wave.own(dq), scale * wave.own(dk), dgamma, own[..., : ctx.width].contiguous(), None


def _dlogits(weights: Columns, s: Tensor, df: Tensor, means: Tensor, rows: slice, columns: slice) -> Tensor:
    """alpha_tj (gamma_t <lambda_t, s_j> - gamma_t <lambda_t, w_t>) for j < t, else 0."""
    t, j = (torch.arange(z.start, z.stop, device=s.device) for z in (rows, columns))
    alpha = (weights.logits(rows, columns) - weights.lse[:, rows, None]).exp().masked_fill(j >= t[:, None], 0)
    fed_back = weights.gamma[:, rows, None] * df[:, rows]
    return alpha * (fed_back @ s[:, columns].mT - means[:, rows, None])
