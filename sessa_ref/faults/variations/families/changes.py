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


def interpolated(function: Callable[[Array], Array], z: Array, limit: Number, points: int) -> Array:
    """A table of so many values from -limit to limit, interpolated linearly; beyond it, its last values."""
    grid = np.linspace(-limit, limit, points)
    values, step = function(grid), 2 * limit / (points - 1)
    place = np.clip(np.floor((np.real(z) + limit) / step).astype(int), 0, points - 2)
    inside = values[place] + (z - grid[place]) * (values[place + 1] - values[place]) / step
    return np.where(np.real(z) < -limit, values[0], np.where(np.real(z) > limit, values[-1], inside))
