"""A fit finds the number of smooth data, and nothing where there is nothing; plain numbers are preferred."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.faults.variations.fitting import fit, size, well_known
from tests.rounding import near

T = np.linspace(-1, 1, 9)
STOPS = 1e-9
"""How near a number is where a fit of bound 1e-6 stops."""


def curve(number: float) -> np.ndarray:
    return np.exp(number * T) + number


def residual_to(number: float, bound: float):
    return lambda c: (curve(c) - curve(number)) / bound


@given(st.floats(-3, 3))
def test_the_number_of_smooth_data_is_found(number: float):
    """To 1e-3 bounds of 1e-6, which is where it stops; the slope is at least 1 in the mean."""
    residual = residual_to(number, 1e-6)
    found = fit(residual, (1.0, -1.0, 0.3), size(residual(-9.0)))
    assert found is not None
    assert size(residual(found)) < 1e-3
    assert abs(found - number) < STOPS


def test_no_start_is_near_enough():
    residual = residual_to(2.0, 1e-6)
    assert fit(residual, (1.0,), size(residual(1.9))) is None
    assert fit(residual, (), 1.0) is None
    assert fit(lambda c: None, (1.0, 2.0), 1.0) is None
    assert fit(lambda c: np.array([np.nan]), (1.0,), 1.0) is None


def test_where_only_the_size_matters_the_number_is_positive():
    found = fit(lambda c: (curve(c * c) - curve(2.25)) / 1e-6, (-1.4, -1.2), np.inf)
    assert found == pytest.approx(1.5, rel=0, abs=STOPS)
    assert fit(residual_to(-1.5, 1e-6), (-1.4,), np.inf) == pytest.approx(-1.5, rel=0, abs=STOPS)


def test_a_start_that_comes_several_times_does_not_keep_others_out():
    """Only the most promising starts are followed. From 0 no slope leads anywhere here; from 0.8 it does."""

    def residual(c):
        return (curve(max(c, 0.2)) - curve(0.5)) / 1e-6

    assert size(residual(0.0)) < size(residual(0.8))
    assert fit(residual, (0.0, 0.0, 0.0, 0.8), np.inf) == pytest.approx(0.5, rel=0, abs=STOPS)


@given(st.sampled_from([0.3, 1e-6, np.sqrt(2 / np.pi), 1 / 3, 2 * np.pi, -0.75, 1.702, 128.0]), st.floats(-1e-9, 1e-9))
def test_a_well_known_number_is_preferred_where_it_is_good_enough(number: float, off: float):
    near = number * (1 + off)
    assert well_known(near, lambda c: abs(c / number - 1) < 1e-8) == number
    assert well_known(near, lambda c: False) == near


def test_the_plainest_number_comes_first():
    assert well_known(0.1234, lambda c: abs(c - 0.1234) < 0.05) == 0.1
    assert well_known(0.1234, lambda c: abs(c - 0.1234) < 0.005) == 0.12
    assert well_known(1e-9, lambda c: abs(c) < 1e-8) == 0
    assert well_known(0.0, lambda c: True) == 0


def test_size_is_the_root_mean_square():
    assert size(np.array([3.0, 4.0])) == near(np.sqrt(12.5), 4)
    assert [size(r) for r in (None, np.zeros(0), np.array([np.nan]), np.array([1e200]))] == [np.inf] * 4
