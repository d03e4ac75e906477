"""Functions of one variable from GELU units, explicitly: an interpolant, whose kinks are scaled GELUs (Lemma K.3).

With it Lemma I.10 needs no existence theorem: a polynomial in several variables is a sum of powers of linear forms, and a
power of a linear form is a function of one variable.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sessa_ref.constructions.channels import ONE
from sessa_ref.constructions.tokenwise import Unit
from sessa_ref.notation import Array

KINK = 0.1699712075
"""L sup |GELU(L u)/L - max(u, 0)|, rounded up."""


class Ramps(NamedTuple):
    """offset + sum of weights GELU(sharpness (z - knots)) / sharpness."""

    knots: Array
    weights: Array
    offset: float
    sharpness: float

    def units(self, reads: dict[str, float], writes: dict[str, float]) -> list[Unit]:
        """As units of a block, for z an affine form of channels."""
        found = []
        for knot, weight in zip(self.knots, self.weights, strict=True):
            form = {name: self.sharpness * c for name, c in reads.items()}
            form[ONE] = form.get(ONE, 0.0) - self.sharpness * float(knot)
            found.append(Unit(form, {name: c * float(weight) / self.sharpness for name, c in writes.items()}))
        return found

    @property
    def kink_error(self) -> float:
        """A bound on the distance from the interpolant that the kinks' rounding makes, 0.17 sum |weights| / sharpness."""
        return KINK * float(np.abs(self.weights).sum()) / self.sharpness


def interpolant(function: Callable[[Array], Array], low: float, high: float, pieces: int, sharpness: float) -> Ramps:
    """The piecewise linear interpolant of `function` on [low, high], kinks rounded by GELUs.

    For a function that changes by at most M |z - z'| it is within M (high - low) / (2 pieces) + `kink_error`; for one
    with second derivative at most C within C (high - low)^2 / (8 pieces^2) + `kink_error`.
    """
    knots = np.linspace(low, high, pieces + 1)
    values = np.asarray(function(knots), dtype=np.float64)
    slopes = np.diff(values) / np.diff(knots)
    return Ramps(knots[:-1], np.diff(slopes, prepend=0.0), float(values[0]), sharpness)
