"""The blocked solve as a differentiable function: autograd, torch.func and torch.compile.

First derivatives are in linear memory: by `blocks`, or on a CUDA GPU by `triton_kernels` where triton is installed.
Second derivatives and forward-mode ones go through the dense form, with its T x T matrices.
"""

import importlib.util
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from sessa_ref.optimized.feedback_solve import blocks
from sessa_ref.optimized.feedback_solve.dense import dense, dense_adjoint


def blocked(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int = 0) -> Tensor:
    """The solution s; arguments as for `feedback_solve`, and `block` rows at a time, 0 for a measured choice.

    One block of all tokens is the dense form.
    """
    block = block or blocks.block_size(f.shape[-2])
    if f.shape[-2] <= block and not has_kernels(f.device):
        return dense(q, k, gamma, f)
    if torch.compiler.is_compiling():  # the walk over the blocks is one opaque step of the compiled graph
        return _solve_op(q, k, gamma, f, block)[0]
    return _Solve.apply(q, k, gamma, f, block)[0]  # type: ignore[index]


def has_kernels(device: torch.device) -> bool:
    """Whether the Triton kernels solve on this device."""
    return device.type == "cuda" and importlib.util.find_spec("triton") is not None


def _on_three_axes(function: Callable, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Call with all batch axes made one, and give them back to the results."""
    batch = tensors[2].shape[:-1]
    flat = [tensor.reshape(math.prod(batch), *tensor.shape[len(batch) :]) for tensor in tensors]
    return tuple(result.reshape(*batch, *result.shape[1:]) for result in function(*flat))


def _solve(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int) -> tuple[Tensor, Tensor, Tensor]:
    """(s, w, lse), of which the last is empty where the softmax is made again from whole rows."""
    if has_kernels(f.device):
        from sessa_ref.optimized.feedback_solve import triton_kernels

        s, w, lse = _on_three_axes(triton_kernels.solve, q, k, gamma, f)
        return s, w, lse
    s, w = _on_three_axes(partial(blocks.solve, block=block), q, k, gamma, f)
    return s, w, _log_sum_exp_like(gamma)


def _adjoint(
    q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, lse: Tensor, ds: Tensor, block: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if has_kernels(s.device):
        from sessa_ref.optimized.feedback_solve import triton_kernels

        dq, dk, dgamma, df = _on_three_axes(triton_kernels.adjoint, q, k, gamma, s, w, lse, ds)
    else:
        dq, dk, dgamma, df = _on_three_axes(partial(blocks.adjoint, block=block), q, k, gamma, s, w, ds)
    return dq, dk, dgamma, df


def _log_sum_exp_like(gamma: Tensor) -> Tensor:
    return gamma.new_empty(gamma.shape if has_kernels(gamma.device) else (*gamma.shape[:-1], 0))


class _Solve(torch.autograd.Function):
    """(q, k, gamma, f) -> (s, w, lse), of which w and lse are for the backward pass alone."""

    @staticmethod
    def forward(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int) -> tuple[Tensor, Tensor, Tensor]:
        return _solve(q, k, gamma, f, block)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        *tensors, ctx.block = inputs
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(*tensors, *output)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple:
        q, k, gamma, f, s, *rest = ctx.saved_tensors
        return (*_Adjoint.apply(q, k, gamma, f, cotangents[0], s.detach(), *rest, ctx.block), None)  # type: ignore[misc]

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple:
        return _pushed(dense, ctx.saved_tensors, tangents[:4]), None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _Solve.apply(*_batched(info, in_dims, inputs)), (0, 0, 0)


class _Adjoint(torch.autograd.Function):
    """(q, k, gamma, f, ds) -> (dq, dk, dgamma, df); s, w and lse, which follow from the others, are at hand."""

    @staticmethod
    def forward(
        q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, ds: Tensor, s: Tensor, w: Tensor, lse: Tensor, block: int
    ) -> tuple[Tensor, ...]:
        return _adjoint(q, k, gamma, s, w, lse, ds, block)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        ctx.save_for_backward(*inputs[:5])
        ctx.save_for_forward(*inputs[:5])

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple:
        pull = torch.func.vjp(dense_adjoint, *ctx.saved_tensors)[1]
        return (*pull(cotangents), None, None, None, None)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple:
        return _pushed(dense_adjoint, ctx.saved_tensors, tangents[:5])

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _Adjoint.apply(*_batched(info, in_dims, inputs)), (0, 0, 0, 0)


def _pushed(function: Callable, inputs: Sequence[Tensor], tangents: Sequence[Tensor | None]) -> Any:
    """The tangent of function(*inputs): the transpose of its pullback, since forward modes do not nest."""
    given = tuple(torch.zeros_like(x) if t is None else t for x, t in zip(inputs, tangents, strict=True))
    outputs, pull = torch.func.vjp(function, *inputs)[:2]
    pushed = torch.func.vjp(pull, tree_map(torch.zeros_like, outputs))[1](given)[0]
    return tree_map(torch.Tensor.contiguous, pushed)  # a tangent is laid out as its primal


def _batched(info: Any, in_dims: tuple, inputs: tuple) -> list:
    """The inputs with the mapped axis in front of all, also where it was missing."""
    return [
        x if not isinstance(x, Tensor) else x.expand(info.batch_size, *x.shape) if axis is None else x.movedim(axis, 0)
        for x, axis in zip(inputs, in_dims, strict=True)
    ]


@torch.library.custom_op("sessa_ref::feedback_solve", mutates_args=())
def _solve_op(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int) -> tuple[Tensor, Tensor, Tensor]:
    return _solve(q, k, gamma, f, block)


@torch.library.custom_op("sessa_ref::feedback_solve_adjoint", mutates_args=())
def _adjoint_op(
    q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, lse: Tensor, ds: Tensor, block: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return _adjoint(q, k, gamma, s, w, lse, ds, block)


@_solve_op.register_fake
def _(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, block: int) -> tuple[Tensor, Tensor, Tensor]:
    return f.new_empty(f.shape), f.new_empty(f.shape), _log_sum_exp_like(gamma)


@_adjoint_op.register_fake
def _(
    q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, lse: Tensor, ds: Tensor, block: int
) -> tuple[Tensor, ...]:
    return tuple(like.new_empty(like.shape) for like in (q, k, gamma, s))


def _keep(ctx: Any, inputs: tuple, output: tuple) -> None:
    q, k, gamma, _, ctx.block = inputs
    ctx.save_for_backward(q, k, gamma, *output)


def _pull(ctx: Any, ds: Tensor, *_: Any) -> tuple:
    return (*_adjoint_op(*ctx.saved_tensors, ds, ctx.block), None)


_solve_op.register_autograd(_pull, setup_context=_keep)
