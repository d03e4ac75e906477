"""Rotary position embedding (15) in torch."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sessa_ref.config import SessaConfig


def angles(config: SessaConfig, positions: Int[Tensor, " T"], dtype: torch.dtype) -> Float[Tensor, "T pairs"]:
    """Angle of every pair at every position, in radians: position * base^(-2r/query_width).

    Float64 for every `dtype` of the layer: a float32 product would be wrong by one radian in 10^7 per
    radian, a bfloat16 one could not tell neighbours apart beyond position 256. With
    `rotary_dtype="float32"` they are rounded as in the published code: float32 frequencies, and products
    in float64 only for a float64 layer.
    """
    home = positions.device
    device = torch.device("cpu") if home.type == "mps" else home  # Apple's GPUs have no float64
    pairs = torch.arange(config.query_width // 2, device=device)
    if config.rotary_dtype == "float32":
        working = torch.float64 if dtype == torch.float64 else torch.float32
        frequencies = config.rope_base ** (-2 * pairs.float() / config.query_width)
    else:
        working = torch.float64
        frequencies = config.rope_base ** (-2 * pairs.double() / config.query_width)
    return (positions.to(device, working)[:, None] * frequencies.to(working)).to(home)


def rotate(z: Float[Tensor, "*batch T width"], theta: Float[Tensor, "T pairs"]) -> Float[Tensor, "*batch T width"]:
    """Turn coordinates (2r, 2r + 1) of token t by theta[t, r]; computed in at least float32."""
    working = torch.promote_types(z.dtype, torch.float32)
    cos, sin = theta.cos().to(working), theta.sin().to(working)
    even, odd = z[..., 0::2].to(working), z[..., 1::2].to(working)
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return turned.flatten(-2).to(z.dtype)
