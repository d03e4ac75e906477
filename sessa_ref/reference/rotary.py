"""Rotary position embedding (15), Appendix I.2: pairs (0, 1), (2, 3), ... turn by position * frequency."""

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array, Real, real_dtype


def angles(config: SessaConfig, positions: Real[Array, "*rows T"]) -> Real[Array, "*rows T pairs"]:
    """Angle of pair r at position t in radians: t base^(-2r/d_k), in the dtype of `positions`.

    With `rotary_dtype="float32"` exponents and frequencies are rounded to float32 before they meet the
    positions: that is what the published layer keeps of them in a float64 run.
    """
    pairs = np.arange(config.query_width // 2, dtype=real_dtype(positions), like=positions)
    exponents = -2 * pairs / config.query_width
    if config.rotary_dtype == "float64":
        return positions[..., None] * config.rope_base**exponents
    frequencies = config.rope_base ** exponents.astype(np.float32).astype(np.float64)
    return positions[..., None] * frequencies.astype(np.float32).astype(positions.dtype)


def rotate(z: Real[Array, "*batch T d_k"], theta: Real[Array, "*rows T pairs"]) -> Real[Array, "*batch T d_k"]:
    """Turn coordinates (2r, 2r + 1) of token t by theta[t, r]; the inverse is `rotate(z, -theta)`."""
    even, odd = z[..., 0::2], z[..., 1::2]
    cos, sin = np.cos(theta), np.sin(theta)
    rotated = np.empty_like(z)
    rotated[..., 0::2] = even * cos - odd * sin
    rotated[..., 1::2] = even * sin + odd * cos
    return rotated
