"""Rotary position embedding (15) in torch."""

from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor

from sessa_ref.config import SessaConfig


class Table(NamedTuple):
    """Cosines and sines of every pair's angle at consecutive positions, in at least float32."""

    cos: Float[Tensor, "T 1 pairs"]
    sin: Float[Tensor, "T 1 pairs"]
    cis: Complex[Tensor, "T 1 pairs"]
    """cos + i sin: one complex product turns a pair in one pass over memory."""


def table(config: SessaConfig, first: int, T: int, dtype: torch.dtype, device: torch.device) -> Table:
    """The table for positions first .. first + T - 1.

    Made once per length and shared by all layers; positions are rounded up to a power of two for that.
    """
    if torch.compiler.is_compiling():  # the compiled graph makes its own
        return _table(config, first, T, dtype, device)
    stop = first + T
    capacity = 1 << max(stop - 1, 255).bit_length()
    key = (config.query_width, config.rope_base, config.rotary_dtype)
    whole = _shared_table(key, capacity, dtype, device)
    return Table(*(part[first:stop] for part in whole))


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


def rotate(z: Float[Tensor, "*batch T heads width"], turn: Table) -> Float[Tensor, "*batch T heads width"]:
    """Turn coordinates (2r, 2r + 1) of every head of token t by theta[t, r]; computed in at least float32."""
    pairs = z.to(turn.cos.dtype).unflatten(-1, (-1, 2))
    if torch.compiler.is_compiling():  # which has no complex numbers
        even, odd = pairs.unbind(-1)
        turned = torch.stack([even * turn.cos - odd * turn.sin, even * turn.sin + odd * turn.cos], dim=-1)
    else:
        turned = torch.view_as_real(torch.view_as_complex(pairs) * turn.cis)
    return turned.flatten(-2).to(z.dtype)


def _table(config: SessaConfig, first: int, T: int, dtype: torch.dtype, device: torch.device) -> Table:
    theta = angles(config, torch.arange(first, first + T, device=device), dtype)[:, None]
    working = torch.promote_types(dtype, torch.float32)
    cos, sin = theta.cos().to(working), theta.sin().to(working)
    return Table(cos, sin, torch.complex(cos, sin))


@lru_cache(maxsize=16)
def _shared_table(key: tuple, capacity: int, dtype: torch.dtype, device: torch.device) -> Table:
    width, base, rotary_dtype = key
    config = SessaConfig(width=width, rope_base=base, rotary_dtype=rotary_dtype)
    with torch.inference_mode(False), torch.no_grad():
        return _table(config, 0, capacity, dtype, device)
