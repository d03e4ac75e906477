"""The blocked solve as a differentiable function: autograd, torch.func and torch.compile.

First derivatives are those of `blocked`, in linear memory. Second derivatives and forward-mode ones go through the
dense form, with its T x T matrices.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from sessa_ref.optimized.feedback_solve import blocked as blocks
from sessa_ref.optimized.feedback_solve.dense import dense, dense_adjoint


def blocked(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int = 0) -> Tensor:
    """The solution s; arguments as for `feedback_solve`, and `block` rows at a time, 0 for a measured choice."""
    block = block or blocks.block_size(f.shape[-2], f.shape[-1])
    if torch.compiler.is_compiling():  # the walk over the blocks is one opaque step of the compiled graph
        return _solve_op(q, k, gamma, f, block)[0]
    s, _ = _Solve.apply(q, k, gamma, f, block)  # type: ignore[misc]
    return s


def _on_three_axes(function: Any, *tensors: Tensor, block: int) -> tuple[Tensor, ...]:
    """Call with all batch axes made one, and give them back to the results."""
    batch = tensors[2].shape[:-1]
    flat = [tensor.reshape(math.prod(batch), *tensor.shape[len(batch) :]) for tensor in tensors]
    return tuple(result.reshape(*batch, *result.shape[1:]) for result in function(*flat, block))


def _solve(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int) -> tuple[Tensor, Tensor]:
    s, w = _on_three_axes(blocks.solve, q, k, gamma, f, block=block)
    return s, w


def _adjoint(q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, ds: Tensor, block: int) -> tuple[Tensor, ...]:
    return _on_three_axes(blocks.adjoint, q, k, gamma, s, w, ds, block=block)


class _Solve(torch.autograd.Function):
    """(q, k, gamma, f) -> (s, w), of which w is for the backward pass alone."""

    @staticmethod
    def forward(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int) -> tuple[Tensor, Tensor]:
        return _solve(q, k, gamma, f, block)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        *tensors, ctx.block = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(*tensors, *output)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple:
        q, k, gamma, f, s, w = ctx.saved_tensors
        return (*_Adjoint.apply(q, k, gamma, f, cotangents[0], s.detach(), w, ctx.block), None)  # type: ignore[misc]

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple:
        return _pushed(dense, ctx.saved_tensors, tangents[:4]), None

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _Solve.apply(*_batched(info, in_dims, inputs)), (0, 0)


class _Adjoint(torch.autograd.Function):
    """(q, k, gamma, f, ds) -> (dq, dk, dgamma, df); s and w, which follow from the others, are at hand."""

    @staticmethod
    def forward(
        q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, ds: Tensor, s: Tensor, w: Tensor, block: int
    ) -> tuple[Tensor, ...]:
        return _adjoint(q, k, gamma, s, w, ds, block)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        ctx.save_for_backward(*inputs[:5])
        ctx.save_for_forward(*inputs[:5])

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple:
        _, pull = torch.func.vjp(dense_adjoint, *ctx.saved_tensors)
        return (*pull(cotangents), None, None, None)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple:
        return _pushed(dense_adjoint, ctx.saved_tensors, tangents[:5])

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _Adjoint.apply(*_batched(info, in_dims, inputs)), (0, 0, 0, 0)


def _pushed(function: Callable, inputs: Sequence[Tensor], tangents: Sequence[Tensor | None]) -> Any:
    """The tangent of function(*inputs): the transpose of its pullback, since forward modes do not nest."""
    given = tuple(torch.zeros_like(x) if t is None else t for x, t in zip(inputs, tangents, strict=True))
    outputs, pull = torch.func.vjp(function, *inputs)
    nothing = torch.utils._pytree.tree_map(torch.zeros_like, outputs)
    pushed = torch.func.vjp(pull, nothing)[1](given)[0]
    return torch.utils._pytree.tree_map(torch.Tensor.contiguous, pushed)  # a tangent is laid out as its primal


def _batched(info: Any, in_dims: tuple, inputs: tuple) -> list:
    """The inputs with the mapped axis in front of all, also where it was missing."""
    return [
        x if not isinstance(x, Tensor) else x.expand(info.batch_size, *x.shape) if axis is None else x.movedim(axis, 0)
        for x, axis in zip(inputs, in_dims, strict=True)
    ]


@torch.library.custom_op("sessa_ref::feedback_solve", mutates_args=())
def _solve_op(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int) -> tuple[Tensor, Tensor]:
    return _solve(q, k, gamma, f, block)


@torch.library.custom_op("sessa_ref::feedback_solve_adjoint", mutates_args=())
def _adjoint_op(
    q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, ds: Tensor, block: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    dq, dk, dgamma, df = _adjoint(q, k, gamma, s, w, ds, block)
    return dq, dk, dgamma, df


@_solve_op.register_fake
def _(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int) -> tuple[Tensor, Tensor]:
    return f.new_empty(f.shape), f.new_empty(f.shape)


@_adjoint_op.register_fake
def _(q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, ds: Tensor, block: int) -> tuple[Tensor, ...]:
    return tuple(like.new_empty(like.shape) for like in (q, k, gamma, s))


def _keep(ctx: Any, inputs: tuple, output: tuple) -> None:
    q, k, gamma, _, ctx.block = inputs
    ctx.save_for_backward(q, k, gamma, *output)


def _pull(ctx: Any, ds: Tensor, dw: Tensor) -> tuple:
    return (*_adjoint_op(*ctx.saved_tensors, ds, ctx.block), None)


_solve_op.register_autograd(_pull, setup_context=_keep)
