"""The gap between scaled GELUs and max(u, 0), against quadrature and a search of its own."""

import numpy as np
import pytest
from flint import arb, ctx
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from sessa_ref.theory import scaled_gelu
from tests.rounding import LIBRARY, roundings


def test_gap_is_that_of_the_function():
    for L, u in ((1.0, 0.7), (10.0, -0.2), (3.0, 2.0)):
        gap = L * abs(u * ndtr(L * u) - max(u, 0.0))
        rounding = roundings(2 * LIBRARY) * L * abs(u)  # the gap is a difference of numbers of that size
        assert float(scaled_gelu.relu_gap(arb(L * abs(u))).mid()) == pytest.approx(gap, rel=0, abs=rounding)


def test_largest_gap():
    found = minimize_scalar(lambda v: -v * ndtr(-v), bounds=(0, 3), method="bounded", options={"xatol": 1e-9})
    assert 0 <= scaled_gelu.RELU_GAP + found.fun < 2e-11  # rounded up, to eleven digits and one unit more
    assert found.x == pytest.approx(scaled_gelu.RELU_GAP_AT, rel=0, abs=1e-7)  # near it, float64 holds equal values
    assert scaled_gelu.relu_gap(arb("0.7517915247")) < scaled_gelu.RELU_GAP
    assert scaled_gelu.relu_gap(arb("0.7517915247")) > scaled_gelu.RELU_GAP - 2e-11


def test_derivative():
    with ctx.workprec(200):
        step = arb("1e-8")
        for v in (arb("0.3"), arb("1.5")):
            quotient = (scaled_gelu.relu_gap(v + step) - scaled_gelu.relu_gap(v - step)) / (2 * step)
            # The quotient is off by the square of the step times a sixth of the third derivative, which is below 6.
            assert abs(quotient - scaled_gelu.relu_gap_derivative(v)) < step**2
    assert scaled_gelu.relu_gap_derivative(arb("0.75179")) > 0 > scaled_gelu.relu_gap_derivative(arb("0.75180"))


def test_a_window_stays_within_its_accuracy():
    L, (up, top, down, out) = 50.0, (1.0, 1.5, 3.0, 4.0)

    def ramp(unit, u):
        rise = (unit(u - up) - unit(u - top)) / (top - up)
        return rise - (unit(u - down) - unit(u - out)) / (out - down)

    points = [0.01 * n for n in range(600)]
    worst = np.max([abs(ramp(lambda v: v * ndtr(L * v), u) - ramp(lambda v: max(v, 0.0), u)) for u in points])
    bound = scaled_gelu.window_accuracy(L, top - up, out - down)
    assert 0.1 * bound < worst < bound
