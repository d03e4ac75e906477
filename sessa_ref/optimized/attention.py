"""Forward attention (16) by torch's fused kernels, with the derivatives that these lack.

The kernels can be differentiated once, backwards. All other derivatives go through the plain form, with its T x T
matrices: those of the first gradient, forward-mode ones, and vectorised Jacobians.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from sessa_ref.optimized.transforms import forward_mode, mapped_first


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
    o = _fused(q, k, v, visible, is_causal)
    if torch.compiler.is_compiling() or not torch.is_grad_enabled():
        return o
    return _Attention.apply(q, k, v, visible, is_causal, o)  # type: ignore[return-value]


def _fused(q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None, is_causal: bool) -> Tensor:
    shared = q.shape[-3] > k.shape[-3]
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=visible, is_causal=is_causal, enable_gqa=shared)


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
    return torch.func.vjp(lambda *qkv: _plain(*qkv, visible, is_causal), q, k, v)[1](do)


class _Attention(torch.autograd.Function):
    """(q, k, v, visible, is_causal, o) -> o, the output of the kernel.

    A first gradient is left to the kernel, whose output o is. One that will itself be differentiated is `_Gradient`.
    """

    @staticmethod
    def forward(q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None, is_causal: bool, o: Tensor) -> Tensor:
        return o.view_as(o)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        q, k, v, visible, ctx.is_causal, _ = inputs
        ctx.save_for_backward(q, k, v, visible)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple:
        (do,) = cotangents
        if not torch.is_grad_enabled() and not forward_mode():
            return None, None, None, None, None, do
        gradient = _plain_gradient if forward_mode() else _Gradient.apply
        dq, dk, dv = gradient(*ctx.saved_tensors, ctx.is_causal, do)
        return dq, dk, dv, None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple, *inputs: Any) -> tuple:
        return _Attention.apply(*mapped_first(info, in_dims, inputs)), 0


class _Gradient(torch.autograd.Function):
    """(q, k, v, visible, is_causal, do) -> (dq, dk, dv), by the kernel, in linear memory."""

    @staticmethod
    def forward(
        q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None, is_causal: bool, do: Tensor
    ) -> tuple[Tensor, ...]:
        with torch.enable_grad():
            leaves = tuple(z.detach().requires_grad_() for z in (q, k, v))
            o = _fused(*leaves, visible, is_causal)
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
        return _Gradient.apply(*mapped_first(info, in_dims, inputs)), (0, 0, 0)
