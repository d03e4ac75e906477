"""Changes that several families make."""

from collections.abc import Callable

import numpy as np

from sessa_ref.faults.variations.graph import Changes, Number
from sessa_ref.faults.variations.variation import Amount, one
from sessa_ref.notation import Array


def set_to(name: str) -> Callable[[Amount], Changes]:
    """A value becomes the number."""
    return lambda amount: one(name, lambda run, value: amount(run))


def times(name: str) -> Callable[[Amount], Changes]:
    """A value is multiplied by the number."""
    return lambda amount: one(name, lambda run, value: value * amount(run))


def clamped(z: Array, low: Number, high: Number) -> Array:
    """Every entry within two numbers; of complex ones the real part decides."""
    return np.where(np.real(z) > high, high, np.where(np.real(z) < low, low, z))
