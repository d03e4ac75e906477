"""The solve as a differentiable function: autograd, torch.func, torch.compile and torch.export.

First derivatives take linear memory: they come from `block_substitution` or `iteration`. Second derivatives and
forward-mode ones go through the dense form, with its T x T matrices.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from sessa_ref.optimized.solve import block_substitution, iteration
from sessa_ref.optimized.solve.matrix import dense, dense_vjp
from sessa_ref.optimized.transforms import forward_mode, has_no_values, mapped_first, only_plain


def blocked(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int = 0) -> Tensor:
    """The solution s; arguments as for `feedback_solve`, and `block`, the rows per block; 0 takes a measured number.

    A single block of all tokens is the dense form. Where q and k are in half precision, so are the factors of products.
    """
    if _at_most(f.shape[-2], block or block_substitution.sizes(f.device).longest_block):
        return dense(q, k, gamma, f)
    return _differentiable(q, k, gamma, f, "blocked", block)


def hops(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """The solution s by `iteration.iterate`; arguments as for `feedback_solve`."""
    return _differentiable(q, k, gamma, f, "hops", 0)


def _at_most(tokens: int, limit: int) -> bool:
    """Whether tokens <= limit. In a graph for any T: whether that always holds, so that the graph is tied to no T."""
    if torch.compiler.is_compiling():
        from torch.fx.experimental.symbolic_shapes import statically_known_true  # slow to import

        return statically_known_true(tokens <= limit)
    return tokens <= limit


def _differentiable(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, method: str, block: int) -> Tensor:
    if forward_mode():
        return dense(q, k, gamma, f)
    if torch.compiler.is_compiling() or has_no_values(f):  # the method is one opaque step of the graph
        return _solve_op(q, k, gamma, f, method, block)[0]
    return _Solve.apply(q, k, gamma, f, method, block)[0]  # type: ignore[index]


def _on_three_axes(function: Callable, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Call with all batch axes merged into one, and split them again in the results."""
    batch = tensors[2].shape[:-1]
    flat = [tensor.reshape(math.prod(batch), *tensor.shape[len(batch) :]) for tensor in tensors]
    return tuple(result.reshape(*batch, *result.shape[1:]) for result in function(*flat))


def _solve(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, method: str, block: int) -> tuple[Tensor, Tensor]:
    """(s, w); w is empty for hops."""
    if method == "hops":
        return iteration.iterate(q, k, gamma, f).s, _means_like(f, method)
    block = block or block_substitution.sizes(f.device).rows(f.shape[-2])
    s, w = _on_three_axes(partial(block_substitution.solve, block=block), q, k, gamma, f)
    return s, w


def _vjp(
    q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, ds: Tensor, method: str, block: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if method == "hops":
        return iteration.vjp(q, k, gamma, s, ds)
    block = block or block_substitution.sizes(s.device).rows(s.shape[-2])
    dq, dk, dgamma, df = _on_three_axes(partial(block_substitution.vjp, block=block), q, k, gamma, s, w, ds)
    return dq, dk, dgamma, df


def _means_like(f: Tensor, method: str) -> Tensor:
    """Room for w; empty where it is not needed."""
    return f.new_empty((*f.shape[:-2], 0) if method == "hops" else f.shape)


class _Solve(torch.autograd.Function):
    """(q, k, gamma, f) -> (s, w); w only serves the backward pass."""

    @staticmethod
    def forward(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, method: str, block: int) -> tuple[Tensor, Tensor]:
        return _solve(q, k, gamma, f, method, block)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        *tensors, ctx.method, ctx.block = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(*tensors, *output)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple:
        q, k, gamma, f, s, w = ctx.saved_tensors
        if only_plain(*cotangents):
            return (*dense_vjp(q, k, gamma, f, cotangents[0]), None, None)
        gradient = _VJP.apply(q, k, gamma, f, cotangents[0], s.detach(), w, ctx.method, ctx.block)
        return (*gradient, None, None)  # type: ignore[misc]

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _Solve.apply(*mapped_first(info, in_dims, inputs)), (0, 0)


class _VJP(torch.autograd.Function):
    """(q, k, gamma, f, ds) -> (dq, dk, dgamma, df); s and w are given as well, although they follow from the others."""

    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, ...]:
        q, k, gamma, _, ds, s, w, method, block = inputs
        return _vjp(q, k, gamma, s, w, ds, method, block)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        ctx.save_for_backward(*inputs[:5])

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple:
        pull = torch.func.vjp(dense_vjp, *ctx.saved_tensors)[1]
        return (*pull(cotangents), None, None, None, None)

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _VJP.apply(*mapped_first(info, in_dims, inputs)), (0, 0, 0, 0)


@torch.library.custom_op("sessa_ref::feedback_solve", mutates_args=())
def _solve_op(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, method: str, block: int) -> tuple[Tensor, Tensor]:
    return _solve(q, k, gamma, f, method, block)


@torch.library.custom_op("sessa_ref::feedback_solve_vjp", mutates_args=())
def _vjp_op(
    q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, ds: Tensor, method: str, block: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if method == "hops":  # its products with B^T come from autograd, which an operator cannot call
        _, w = _solve(q, k, gamma, s - gamma[..., None] * iteration.means(q, k, s), "blocked", block)
        method = "blocked"
    return _vjp(q, k, gamma, s, w, ds, method, block)


@_solve_op.register_fake
def _(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, method: str, block: int) -> tuple[Tensor, Tensor]:
    return f.new_empty(f.shape), _means_like(f, method)


@_vjp_op.register_fake
def _(
    q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, ds: Tensor, method: str, block: int
) -> tuple[Tensor, ...]:
    return tuple(like.new_empty(like.shape) for like in (q, k, gamma, s))


def _keep(ctx: Any, inputs: tuple, output: tuple) -> None:
    q, k, gamma, _, ctx.method, ctx.block = inputs
    ctx.save_for_backward(q, k, gamma, *output)


def _pull(ctx: Any, ds: Tensor, *_: Any) -> tuple:
    return (*_vjp_op(*ctx.saved_tensors, ds, ctx.method, ctx.block), None, None)


_solve_op.register_autograd(_pull, setup_context=_keep)
