"""Forward attention (16) by torch's fused kernels, with the derivatives that these lack.

The kernels can be differentiated once, backwards. All other derivatives go through the plain form, with its T x T
matrices: those of the first gradient, forward-mode ones, and vectorised Jacobians.
"""

import math
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from sessa_ref.optimized.transforms import forward_mode, function_transforms, mapped_first, only_plain


def attend(
    q: Float[Tensor, "*batch H T d_k"],
    k: Float[Tensor, "*batch G S d_k"],
    v: Float[Tensor, "*batch G S d_v"],
    visible: Bool[Tensor, "..."] | None = None,
    is_causal: bool = False,
) -> Float[Tensor, "*batch H T d_v"]:
    """Softmax of <q_t, k_j> / sqrt(d_k) over the visible j (or j <= t, or all), applied to v; H is a multiple of G.

    Differentiable any number of times, backwards and forwards, also under `torch.func`.
    """
    if forward_mode():
        return _plain(q, k, v, visible, is_causal)
    compiling = torch.compiler.is_compiling()
    if not compiling and function_transforms():
        return _Attention.apply(q, k, v, visible, is_causal, None)  # type: ignore[return-value]
    o = _fused(q, k, v, visible, is_causal)
    if compiling or not torch.is_grad_enabled():
        return o
    return _Attention.apply(q, k, v, visible, is_causal, o)  # type: ignore[return-value]


def _fused(q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None, is_causal: bool) -> Tensor:
    """By torch's fused kernels. They take four axes; with any other number torch itself makes T x T matrices."""
    shared, batch = q.shape[-3] > k.shape[-3], q.shape[:-3]
    if len(batch) != 1:
        q, k, v = (z.reshape(math.prod(batch), *z.shape[-3:]) for z in (q, k, v))
        if visible is not None and visible.dim() > 3:
            visible = visible.expand(*batch, *visible.shape[-3:]).reshape(math.prod(batch), *visible.shape[-3:])
    o = functional.scaled_dot_product_attention(q, k, v, attn_mask=visible, is_causal=is_causal, enable_gqa=shared)
    return o if len(batch) == 1 else o.reshape(*batch, *o.shape[1:])


def _plain(q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None, is_causal: bool) -> Tensor:
    k, v = (z.repeat_interleave(q.shape[-3] // k.shape[-3], dim=-3) for z in (k, v))
    logits = (q * q.shape[-1] ** -0.5) @ k.mT
    if is_causal:
        visible = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device).tril()
    if visible is None:
        return logits.softmax(dim=-1) @ v
    blind = ~visible.any(dim=-1, keepdim=True)  # a softmax of nothing is NaN, also in the gradient
    return logits.masked_fill(~(visible | blind), -torch.inf).softmax(dim=-1).masked_fill(~visible, 0) @ v


def _plain_gradient(q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None, is_causal: bool, do: Tensor) -> Any:
    return torch.func.vjp(lambda q, k, v: _plain(q, k, v, visible, is_causal), q, k, v)[1](do)


class _Attention(torch.autograd.Function):
    """(q, k, v, visible, is_causal, o) -> o, the output of the kernel; o is None if it has yet to be computed.

    A first gradient is left to the kernel where o is at hand. One that will itself be differentiated is `_Gradient`.
    """

    @staticmethod
    def forward(q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None, is_causal: bool, o: Tensor | None) -> Tensor:
        return _fused(q, k, v, visible, is_causal) if o is None else o.view_as(o)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        q, k, v, visible, ctx.is_causal, o = inputs
        ctx.has_kernel = o is not None
        ctx.save_for_backward(q, k, v, visible)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple:
        (do,) = cotangents
        plain = only_plain(do)
        if ctx.has_kernel and not torch.is_grad_enabled() and not plain:
            return None, None, None, None, None, do
        gradient = _plain_gradient if plain else _Gradient.apply
        q, k, v, visible = ctx.saved_tensors
        dq, dk, dv = gradient(q, k, v, visible, ctx.is_causal, do)
        return dq, dk, dv, None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _Attention.apply(*_mapped(info, in_dims, inputs)), 0


class _Gradient(torch.autograd.Function):
    """(q, k, v, visible, is_causal, do) -> (dq, dk, dv), by the kernel, in linear memory."""

    @staticmethod
    def forward(
        q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None, is_causal: bool, do: Tensor
    ) -> tuple[Tensor, ...]:
        with torch.enable_grad():
            leaves = tuple(z.detach().requires_grad_() for z in (q, k, v))
            o = _fused(leaves[0], leaves[1], leaves[2], visible, is_causal)
        return torch.autograd.grad(o, leaves, do.to(o.dtype))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        q, k, v, visible, ctx.is_causal, do = inputs
        ctx.save_for_backward(q, k, v, visible, do)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple:
        q, k, v, visible, do = ctx.saved_tensors
        pull = torch.func.vjp(lambda q, k, v, do: _plain_gradient(q, k, v, visible, ctx.is_causal, do), q, k, v, do)[1]
        dq, dk, dv, ddo = pull(cotangents)
        return dq, dk, dv, None, None, ddo

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _Gradient.apply(*_mapped(info, in_dims, inputs)), (0, 0, 0)


def _mapped(info: Any, in_dims: tuple, inputs: tuple) -> list:
    """As `mapped_first`; the mask stays aligned with the last axes of the logits."""
    mapped = mapped_first(info, in_dims, inputs)
    visible, axis = inputs[3], in_dims[3]
    if visible is not None and axis is not None:
        visible = visible.movedim(axis, 0)
        visible = visible.reshape(len(visible), *[1] * (mapped[0].dim() - visible.dim()), *visible.shape[1:])
    mapped[3] = visible
    return mapped
