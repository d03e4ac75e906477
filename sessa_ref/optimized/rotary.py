"""Rotary position embedding (15) in torch.

Nothing is kept between calls: angles are a small part of a call, and a table that outlives it would have to handle
every mode in which torch makes tensors without values.
"""

from typing import NamedTuple

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor

from sessa_ref.config import SessaConfig


class Table(NamedTuple):
    """Cosines and sines of every pair's angle at some positions, in at least float32; `cis` is cos + i sin."""

    cos: Float[Tensor, "*rows T 1 pairs"]
    sin: Float[Tensor, "*rows T 1 pairs"]
    cis: Complex[Tensor, "*rows T 1 pairs"] | None
    """One complex product rotates a pair in one pass over memory. None in a compiled graph, which has no complex numbers."""


def table(config: SessaConfig, first: int, T: int, dtype: torch.dtype, device: torch.device) -> Table:
    """The table for positions first .. first + T - 1."""
    return table_at(config, torch.arange(first, first + T, device=device), dtype)


def table_at(config: SessaConfig, positions: Int[Tensor, "*rows T"], dtype: torch.dtype) -> Table:
    """The table for any positions, on their device, for queries and keys of this dtype."""
    theta = angles(config, positions, dtype)[..., None, :]
    working = torch.promote_types(dtype, torch.float32)
    cos, sin = theta.cos().to(working), theta.sin().to(working)
    return Table(cos, sin, None if torch.compiler.is_compiling() else torch.complex(cos, sin))


def angles(
    config: SessaConfig, positions: Int[Tensor, "*rows T"], dtype: torch.dtype
) -> Float[Tensor, "*rows T pairs"]:
    """Angle of every pair at every position, in radians: position * base^(-2r/query_width).

    Float64 for every `dtype` of the layer: a float32 product would be wrong by about one part in 10^7, and a bfloat16
    product could not tell neighbours apart beyond position 256. With `rotary_dtype="float32"` they are rounded as in
    the published code: float32 frequencies, and products in float64 only for a float64 layer.
    """
    home = positions.device
    device = torch.device("cpu") if home.type == "mps" else home  # Apple's GPUs have no float64
    rounded = config.rotary_dtype == "float32"
    working = torch.float32 if rounded and dtype != torch.float64 else torch.float64
    omega = frequencies(config, torch.float32 if rounded else torch.float64, device)
    return (positions.to(device, working)[..., None] * omega.to(working)).to(home)


def frequencies(config: SessaConfig, dtype: torch.dtype, device: torch.device) -> Float[Tensor, " pairs"]:
    """base^(-2r/query_width) for every pair r, computed in `dtype`."""
    pairs = torch.arange(config.query_width // 2, dtype=dtype, device=device)
    return config.rope_base ** (-2 * pairs / config.query_width)


def rotate(z: Float[Tensor, "*batch T heads width"], turn: Table) -> Float[Tensor, "*batch T heads width"]:
    """Turn coordinates (2r, 2r + 1) of every head of token t by theta[t, r]; computed in at least float32."""
    pairs = z.to(turn.cos.dtype).unflatten(-1, (-1, 2))
    if turn.cis is None:
        even, odd = pairs.unbind(-1)
        turned = torch.stack([even * turn.cos - odd * turn.sin, even * turn.sin + odd * turn.cos], dim=-1)
    else:
        turned = torch.view_as_real(torch.view_as_complex(pairs) * turn.cis)
    return turned.flatten(-2).to(z.dtype)
