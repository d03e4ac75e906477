"""Rotary position embedding (15), Appendix I.2: pairs (0, 1), (2, 3), ... turn by position * frequency."""

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array, Real, real_dtype


def frequencies(config: SessaConfig, like: Real[Array, "..."] | None = None) -> Real[Array, " pairs"]:
    """Frequency of pair r in radians per position: base^(-2r/d_k), in the arithmetic of `like`, float64 by default.

    With `rotary_dtype="float32"` exponents and frequencies are rounded to float32, as the published layer keeps them
    even in a float64 run.
    """
    dtype = np.dtype(np.float64) if like is None else real_dtype(like)
    pairs = np.arange(config.query_width // 2, dtype=dtype, like=like)
    exponents = -2 * pairs / config.query_width
    if config.rotary_dtype == "float64":
        return config.rope_base**exponents
    rounded = config.rope_base ** exponents.astype(np.float32).astype(np.float64)
    return rounded.astype(np.float32).astype(dtype)


def angles(config: SessaConfig, positions: Real[Array, "*rows T"]) -> Real[Array, "*rows T pairs"]:
    """Angle of pair r at position t in radians, t base^(-2r/d_k), in the dtype of `positions`."""
    return positions[..., None] * frequencies(config, positions)


def rotate(z: Real[Array, "*batch T d_k"], theta: Real[Array, "*rows T pairs"]) -> Real[Array, "*batch T d_k"]:
    """Turn coordinates (2r, 2r + 1) of token t by theta[t, r]; the inverse is `rotate(z, -theta)`."""
    even, odd = z[..., 0::2], z[..., 1::2]
    cos, sin = np.cos(theta), np.sin(theta)
    rotated = np.empty_like(z)
    rotated[..., 0::2] = even * cos - odd * sin
    rotated[..., 1::2] = even * sin + odd * cos
    return rotated
