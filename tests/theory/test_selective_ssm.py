import numpy as np
import pytest
from hypothesis import given

from sessa_ref.influence import selective_ssm
from sessa_ref.influence.selective_ssm import Selection
from sessa_ref.theory import selective_ssm as bounds
from tests.influence.layers import UNIT, models, radius, roundings, selections
from tests.rounding import near


@given(selections())
def test_memory_factor_bounds_the_kernel(drawn):
    """|K_{t, tau}| <= |C_t| |G_tau B_tau| Pi (Proposition 9 (ii)), and the factor is below exp(-lambda c lag)."""
    rates, selection, _ = drawn
    factor = bounds.memory_factor(rates, selection.step)
    written = np.linalg.norm(selective_ssm.input_factor(rates, selection.step) * selection.write, axis=-1)
    bound = np.linalg.norm(selection.read, axis=-1)[:, None] * written * factor
    slack = 1 + roundings(rates, selection.step)
    assert np.all(np.abs(selective_ssm.kernel(rates, selection)) <= slack * bound)
    T = len(selection.step)
    if T > 1:
        c = bounds.slowest_average_step(selection.step)
        lag = np.subtract.outer(np.arange(T), np.arange(T))
        assert np.all(factor[lag > 0] <= slack * np.exp(-rates.min() * c * lag[lag > 0]))


def test_memory_factor_of_the_fastest_mode_is_no_bound():
    rates = np.array([0.1, 3.0])
    selection = Selection(np.ones(6), np.ones((6, 2)), np.ones((6, 2)))
    factor = bounds.memory_factor(np.array([3.0]), selection.step)
    K = selective_ssm.kernel(rates, selection)
    written = np.linalg.norm(selective_ssm.input_factor(rates, selection.step), axis=-1)
    assert K[5, 0] > 1000 * np.sqrt(2) * written[0] * factor[5, 0]


@given(selections())
def test_neighbours_make_failed_freeze_time_a_bound_on_every_step(drawn):
    step = drawn[1].step
    if len(step) > 1:
        slack = len(step) * UNIT * np.sum(step)
        assert abs(bounds.slowest_average_step(step) - step[1:].min()) <= slack


def test_distant_pairs_allow_frozen_steps():
    """Every second step is frozen: c = 0 for neighbours, 1/3 over lags of 3 and more, but not the mean, 1/2."""
    step = np.array([1.0, 0.0] * 6)
    assert bounds.slowest_average_step(step) == 0
    assert bounds.slowest_average_step(step, shortest_lag=3) == near(1 / 3, 2 * 12)  # sums of 12 steps
    assert bounds.accumulated_time(step)[3, 0] < np.mean(step) * 3


@given(selections(max_T=40))
def test_no_state_exceeds_the_bound(drawn):
    rates, selection, u = drawn
    h = selective_ssm.recurrence(rates, selection, u)[1]
    bound = bounds.state_bound(rates, selection.write[:, :, None] * u[:, None, :])
    assert np.all(np.abs(h) <= bound * (1 + roundings(rates, selection.step)))


def test_an_euler_input_factor_breaks_the_state_bound():
    """Delta B in place of (1 - exp(-a Delta)) / a B, as in some implementations: a long step overshoots."""
    rates, step = np.array([1.0]), np.array([5.0])
    selection = Selection(step, np.ones((1, 1)), np.ones((1, 1)))
    bound = bounds.state_bound(rates, selection.write[:, :, None])
    assert selective_ssm.input_factor(rates, step)[0, 0] <= bound < step[0]


@given(models())
def test_proposition_4(drawn):
    ssm, x, tau = drawn
    norms = np.linalg.norm(selective_ssm.jacobian(ssm, x, tau), ord=2, axis=(-2, -1))
    step = ssm.select(x).step
    constant = bounds.jacobian_constant(ssm.rates, ssm.step_weight, ssm.write_weight, ssm.read_weight, radius(x))
    bound = constant * bounds.memory_factor(ssm.rates, step)[:, tau]
    assert np.all(norms[tau + 1 :] <= bound[tau + 1 :] * (1 + roundings(ssm.rates, step)))


def test_no_pair_that_far_apart():
    with pytest.raises(ValueError, match="shortest_lag must be from 1 to 2 for 3 tokens, got 3"):
        bounds.slowest_average_step(np.ones(3), 3)
