"""The floating-point formats that implementations compute in."""

from typing import Final, NamedTuple

import numpy as np


class Precision(NamedTuple):
    """A floating-point format."""

    unit: float
    """Unit roundoff: half the distance from 1 to the next number."""
    angle_unit: float
    """Unit roundoff that rotary angles must at least have in a layer of this format."""
    tiny: float
    """Smallest normal number."""
    carrier: str
    """NumPy dtype of the arrays that an implementation of this format takes and gives."""


PRECISIONS: Final[dict[str, Precision]] = {
    "float64": Precision(2.0**-53, 2.0**-53, 2.0**-1022, "float64"),
    "float32": Precision(2.0**-24, 2.0**-24, 2.0**-126, "float32"),
    "bfloat16": Precision(2.0**-8, 2.0**-24, 2.0**-126, "float32"),  # NumPy has no bfloat16
    "float16": Precision(2.0**-11, 2.0**-24, 2.0**-14, "float16"),
}

STANDARD_DTYPES: Final = ("float64", "float32")
"""What an implementation is checked in unless asked otherwise."""


def round_to(array: np.ndarray, dtype: str) -> np.ndarray:
    """`array` rounded to nearest in `dtype`, ties to even, as float64."""
    if dtype != "bfloat16":
        return array.astype(dtype).astype(np.float64)
    # A bfloat16 is the upper half of a float32. The first rounding, to float32 with the last bit set where
    # it was inexact (rounding to odd), keeps the second one correct.
    nearest = np.asarray(array.astype(np.float32))
    bits = nearest.view(np.uint32).astype(np.uint64)
    too_large = np.abs(nearest.astype(np.float64)) > np.abs(array)
    inexact = nearest != array
    odd = (bits - too_large) | inexact
    rounded = (odd + 0x7FFF + ((odd >> np.uint64(16)) & np.uint64(1))) & np.uint64(0xFFFF0000)
    numbers = np.asarray(rounded.astype(np.uint32)).view(np.float32).astype(np.float64)
    return np.where(np.isnan(array), np.nan, numbers)  # a NaN of many bits would have been carried over into a number
