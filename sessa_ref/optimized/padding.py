"""Padding: the real tokens of every row are moved to the front, so that none of them reads the padding behind."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sessa_ref.optimized.transforms import has_no_values, without_wrappers


class Packing(NamedTuple):
    """Where the tokens of every row go."""

    order: Int[Tensor, "*batch T"]
    """The token that comes to each place: the real ones in order, then padding."""
    real: Bool[Tensor, "*batch T"]
    """Which tokens are real."""

    @classmethod
    def of(cls, real: Bool[Tensor, "*batch T"]) -> "Packing":
        """The packing for a mask of real tokens."""
        return cls(real.int().argsort(dim=-1, descending=True, stable=True), real)

    def pack(self, z: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """Real tokens first, then zeros."""
        return _in_order(z.masked_fill(~self.real[..., None], 0), self.order)

    def unpack(self, z: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """Tokens back where they were, and zeros where padding was."""
        return _in_order(z, self.order.argsort(dim=-1)).masked_fill(~self.real[..., None], 0)


def _in_order(z: Float[Tensor, "*batch T D"], order: Int[Tensor, "*batch T"]) -> Float[Tensor, "*batch T D"]:
    """The tokens in this order. `take_along_dim` would tie an exported program to one T."""
    return z.gather(-2, order[..., None].expand(z.shape))


def real_tokens(attention_mask: Any, x: Tensor) -> Bool[Tensor, "*batch"]:
    """`attention_mask` as booleans, one for each token of x, shape (..., D).

    Raises:
        TypeError: it is no tensor of booleans or whole numbers.
        ValueError: its shape or device does not fit x, or it holds other numbers than 0 and 1.
    """
    wanted = "attention_mask must be a tensor of booleans, or of 0 and 1 (1: real token)"
    if not isinstance(attention_mask, Tensor):
        raise TypeError(f"{wanted}, got {type(attention_mask).__name__}")
    if attention_mask.is_floating_point() or attention_mask.is_complex():
        raise TypeError(f"{wanted}, got {attention_mask.dtype}")
    if attention_mask.shape != x.shape[:-1]:
        raise ValueError(
            f"attention_mask must have shape {tuple(x.shape[:-1])}, one entry for each token, "
            f"got {tuple(attention_mask.shape)}"
        )
    if attention_mask.device != x.device and attention_mask.device.type != "cpu":
        raise ValueError(f"attention_mask must be on the CPU or with x on {x.device}, got {attention_mask.device}")
    if attention_mask.dtype == torch.bool:
        return attention_mask
    # Other numbers have other meanings, such as the numbers of packed sequences, which this layer does not support.
    numbers = without_wrappers(attention_mask)
    allowed, message = ((numbers == 0) | (numbers == 1)).all(), f"{wanted}, got other numbers"
    if torch.compiler.is_compiling():  # the compiled program raises it
        torch.ops.aten._assert_async.msg(allowed, message)
    elif not has_no_values(numbers) and not bool(allowed):
        raise ValueError(message)
    return attention_mask.bool()
