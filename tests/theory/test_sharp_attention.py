import numpy as np
import pytest
from flint import arb

from sessa_ref.theory import sharp_attention
from tests.rounding import LIBRARY, near, roundings


def test_gaps_leave_what_they_should():
    for n, delta in ((2, 0.3), (100, 1e-6)):
        rest = (n - 1) * np.exp(-sharp_attention.least_gap(n - 1, delta))
        # exp's argument is at most log(99 / 1e-6) < 19, and its error becomes relative
        assert rest / (1 + rest) == near(delta, 19 * (LIBRARY + 2) + 2 * LIBRARY)
        assert sharp_attention.needed_gap(n - 1, delta) > sharp_attention.least_gap(n - 1, delta)
    with pytest.raises(ValueError, match="at least 2"):
        sharp_attention.rotary_gap(1)


def test_rotary_gaps_fall_at_near_turns():
    assert sharp_attention.nearest_turns(1000) == [1, 6, 19, 25, 44, 333, 710]
    for s in (6, 44, 710):
        assert sharp_attention.rotary_gap(s + 1) < sharp_attention.rotary_gap(s) / 2
        assert abs(sharp_attention.rotary_gap(s + 1, ball=True) - (1 - arb(s).cos())) < 1e-14  # balls of 53 bits


def test_lag_rows():
    assert [sharp_attention.lag_target(t, 2) for t in (2, 3, 7)] == [0, 1, 5]
    for T in (5, 12):
        gaps = [sharp_attention.lag_gap(T, lag) for lag in range(1, T)]
        assert 0 < np.min(gaps) <= sharp_attention.rotary_gap(T) + roundings(2 * LIBRARY)  # of cosines


def test_moved_mass_is_attained():
    e = 0.3
    p = 1 / (1 + np.exp(e))
    moved = p * np.exp(2 * e) / (1 - p + p * np.exp(2 * e)) - p
    allowed = roundings(5 * LIBRARY)  # of a difference of numbers below 1, made of exponentials
    assert moved == pytest.approx(sharp_attention.moved_mass(e), rel=0, abs=allowed)
    assert float(sharp_attention.moved_mass(arb(e)).mid()) == near(sharp_attention.moved_mass(e), LIBRARY + 2)
    assert sharp_attention.mixture_error(0.125, 2.0) == 0.5
    assert sharp_attention.transport_error(0.125, 2.0, 0.5) == 1
