"""The floating-point formats that candidates compute in."""

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


PRECISIONS: Final[dict[str, Precision]] = {
    "float64": Precision(2.0**-53, 2.0**-53, float(np.finfo(np.float64).tiny)),
    "float32": Precision(2.0**-24, 2.0**-24, float(np.finfo(np.float32).tiny)),
}


def round_to(array: np.ndarray, dtype: str) -> np.ndarray:
    """`array` rounded to `dtype`, as float64."""
    return array.astype(dtype).astype(np.float64)
