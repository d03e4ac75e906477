import numpy as np
import pytest
from flint import arb

from sessa_ref.theory import positions, scaffold, sharp_attention
from sessa_ref.theory.uniform_routing import position_code


def test_gaps_leave_what_they_should():
    for n, delta in ((2, 0.3), (100, 1e-6)):
        rest = (n - 1) * np.exp(-sharp_attention.least_gap(n - 1, delta))
        assert rest / (1 + rest) == pytest.approx(delta, rel=1e-9)
        assert sharp_attention.needed_gap(n - 1, delta) > sharp_attention.least_gap(n - 1, delta)
    with pytest.raises(ValueError, match="at least 2"):
        sharp_attention.rotary_gap(1)


def test_rotary_gaps_fall_at_near_turns():
    assert sharp_attention.nearest_turns(1000) == [1, 6, 19, 25, 44, 333, 710]
    for s in (6, 44, 710):
        assert sharp_attention.rotary_gap(s + 1) < sharp_attention.rotary_gap(s) / 2
        assert abs(sharp_attention.rotary_gap(s + 1, ball=True) - (1 - arb(s).cos())) < 1e-14


def test_lag_rows():
    assert [sharp_attention.lag_target(t, 2) for t in (2, 3, 7)] == [0, 1, 5]
    for T in (5, 12):
        gaps = [sharp_attention.lag_gap(T, lag) for lag in range(1, T)]
        assert 0 < min(gaps) <= sharp_attention.rotary_gap(T) * (1 + 1e-12)


def test_moved_mass_is_attained():
    e = 0.3
    p = 1 / (1 + np.exp(e))
    assert p * np.exp(2 * e) / (1 - p + p * np.exp(2 * e)) - p == pytest.approx(sharp_attention.moved_mass(e))
    assert float(sharp_attention.moved_mass(arb(e)).mid()) == pytest.approx(sharp_attention.moved_mass(e))
    assert sharp_attention.mixture_error(0.1, 2.0) == pytest.approx(0.4)
    assert sharp_attention.transport_error(0.1, 2.0, 0.5) == pytest.approx(0.9)


@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.9])
def test_steps_of_the_code(gamma):
    for t in (0, 1, 7, 50):
        step = position_code(t + 1, gamma) - position_code(t, gamma)
        assert positions.position_step(t, gamma) == pytest.approx(step, rel=1e-8)
    assert positions.position_scale(2, gamma, 3.0) == pytest.approx(6 / gamma)


def test_where_float32_ends():
    total = code = np.float32(1)
    t = 0
    for t in range(1, 20000):
        new = np.float32(1) + np.float32(0.5) * (total / np.float32(t))
        if new <= code:
            break
        code, total = new, total + new
    assert positions.distinct_positions(0.5, 2.0**-23) == pytest.approx(t, rel=0.3)


def test_scaffold_formulas():
    a = scaffold.reference_scale(4, 2, 3.0, 1e-5)
    assert scaffold.scaffold_size(4, 2, a, 1e-5) == pytest.approx(3.0)
    assert scaffold.direct_error(4, 6, 1.0, a) < scaffold.printed_error(4, 6, 1.0, 1e-5)
    assert scaffold.centred_error(6, 2.0, a) == pytest.approx(a**2 * 8 / 12)
