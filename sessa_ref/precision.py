"""The floating-point formats that implementations compute in."""

from typing import Final, NamedTuple

import numpy as np


class Precision(NamedTuple):
    """A floating-point format."""

    unit_roundoff: float
    """Unit roundoff: half the distance from 1 to the next number."""
    angle_unit_roundoff: float
    """The largest unit roundoff that rotary angles may have in a layer of this format."""
    tiny: float
    """Smallest normal number."""
    underflow: float
    """The largest error of one operation whose result is next to zero. Float16 has subnormal numbers everywhere; elsewhere
    some libraries replace them by zero, which is far below every bound."""
    carrier: str
    """NumPy dtype of the arrays that an implementation of this format takes and gives."""


PRECISIONS: Final[dict[str, Precision]] = {
    "float64": Precision(2.0**-53, 2.0**-53, 2.0**-1022, 2.0**-1022, "float64"),
    "float32": Precision(2.0**-24, 2.0**-24, 2.0**-126, 2.0**-126, "float32"),
    "bfloat16": Precision(2.0**-8, 2.0**-24, 2.0**-126, 2.0**-126, "float32"),  # NumPy has no bfloat16
    "float16": Precision(2.0**-11, 2.0**-24, 2.0**-14, 2.0**-25, "float16"),
}

STANDARD_DTYPES: Final = ("float64", "float32")
"""The formats that an implementation is checked in by default."""


def round_to(array: np.ndarray, dtype: str) -> np.ndarray:
    """`array` rounded to nearest in `dtype`, ties to even, as float64; what is too large becomes infinite."""
    return _to_bfloat16(array) if dtype == "bfloat16" else array.astype(dtype).astype(np.float64)


def _to_bfloat16(array: np.ndarray) -> np.ndarray:
    """The same for bfloat16, in one rounding; ml_dtypes and torch round a float64 twice, by way of float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        wide = np.asarray(array, dtype=np.result_type(array, np.float64))
        exponent = np.frexp(wide)[1]
        last_place = np.ldexp(np.ones_like(wide), np.maximum(exponent - 8, -133))  # 2^-133 is the smallest number
        rounded = np.rint(wide / last_place) * last_place
    return np.where(np.abs(rounded) >= 2.0**128, np.copysign(np.inf, wide), rounded).astype(np.float64)
