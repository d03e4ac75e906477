"""Keeps tokens that are not finite from spoiling those before them.

A masked weight of 0 times NaN is NaN, so one such token would spoil the outputs before it, and their gradients.
Therefore all factors are made finite, and the outputs from the bad token on are set to NaN.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sessa_ref.optimized.transforms import forward_mode


def nonfinite_tokens(*tensors: Float[Tensor, "*batch T _"]) -> Bool[Tensor, "*batch T"]:
    """The tokens at which one of the tensors has an entry that is not finite."""
    zero = 0 * tensors[0].detach().amax(dim=-1)
    for z in tensors:  # 0 * inf = NaN, and the extremes let NaN through
        zero = zero + 0 * z.detach().amin(dim=-1) + 0 * z.detach().amax(dim=-1)
    return zero.isnan()


def finite(z: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """z with 0 for every entry that is not finite.

    The cotangent passes unchanged: where the outputs that depend on z are set to NaN, it is 0 already.
    """
    if forward_mode() or torch.compiler.is_compiling():
        return z.nan_to_num(0.0, 0.0, 0.0)
    return _Finite.apply(z)  # type: ignore[return-value]


def isolate_nonfinite(
    u: Float[Tensor, "*batch T D"],
) -> tuple[Float[Tensor, "*batch T D"], Bool[Tensor, "*batch T 1"]]:
    """u made finite, and all tokens from the first one on that was not finite."""
    return finite(u), from_first_on(nonfinite_tokens(u))[..., None]


def from_first_on(bad: Bool[Tensor, "*batch T"]) -> Bool[Tensor, "*batch T"]:
    """The bad tokens and all tokens after them."""
    return bad.cumsum(dim=-1) > 0


class _Finite(torch.autograd.Function):
    """Torch's own rule for `nan_to_num` takes forty times as long as the function."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor) -> Tensor:
        return z.nan_to_num(0.0, 0.0, 0.0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> Tensor:
        return cotangents[0]
