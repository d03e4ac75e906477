import numpy as np

from sessa_ref.constructions.ridge import interpolant
from sessa_ref.reference.tokenwise import gelu


def test_the_interpolant_keeps_its_bound():
    ramps = interpolant(np.cos, -3.0, 3.0, 40, 1e6)
    z = np.linspace(-3, 3, 5001)
    value = ramps.offset + ramps.weights @ gelu(ramps.sharpness * (z - ramps.knots[:, None])) / ramps.sharpness
    error = np.abs(value - np.cos(z)).max()
    assert error <= 36 / (8 * 40**2) + ramps.kink_error
    assert error >= 0.9 * 36 / (8 * 40**2), "the bound is not generous"


def test_units_are_the_ramps():
    ramps = interpolant(np.tanh, -1.0, 1.0, 10, 1e4)
    units = ramps.units({"sig": 2.0}, {"aux": 3.0})
    assert len(units) == len(ramps.knots) == 10
    assert units[4].reads == {"sig": 2e4, "1": -1e4 * ramps.knots[4]}
    assert units[4].writes == {"aux": 3.0 * ramps.weights[4] / 1e4}
