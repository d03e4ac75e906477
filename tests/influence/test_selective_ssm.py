import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, linalg

from sessa_ref.influence import selective_ssm
from sessa_ref.influence.selective_ssm import Selection, SelectiveSSM
from sessa_ref.theory import selective_ssm as bounds
from tests.influence.layers import UNIT, absolute, models, radius, roundings, selections

COMPLEX_STEP = 1e-100


@given(selections())
def test_kernel_times_input_is_the_recurrence(drawn):
    rates, selection, u = drawn
    y, h = selective_ssm.recurrence(rates, selection, u)
    scale = selective_ssm.kernel(rates, absolute(selection)) @ np.abs(u)
    K = selective_ssm.kernel(rates, selection)
    assert np.all(np.abs(K @ u - y) <= roundings(rates, selection.step) * scale)
    assert np.array_equal(K, np.tril(K))
    assert h.shape == (len(u), len(rates), u.shape[1])


@given(selections(), st.data())
def test_impulse_response_is_a_column_of_the_kernel(drawn, data):
    rates, selection, _ = drawn
    tau = data.draw(st.integers(0, len(selection.step) - 1))
    response = selective_ssm.impulse_response(rates, selection, tau)
    scale = selective_ssm.kernel(rates, absolute(selection))[:, tau]
    error = np.abs(response - selective_ssm.kernel(rates, selection)[:, tau])
    assert np.all(error <= roundings(rates, selection.step) * scale)
    assert np.all(response[:tau] == 0)


def test_kernel_by_hand():
    """One mode of rate 2, steps 0.5, 0.25, 1: entry (2, 0) is C_2 exp(-2 (0.25 + 1)) (1 - exp(-1)) / 2 B_0."""
    selection = Selection(np.array([0.5, 0.25, 1.0]), np.array([[3.0], [1.0], [1.0]]), np.array([[1.0], [1.0], [5.0]]))
    expected = 5 * np.exp(-2.5) * (1 - np.exp(-1.0)) / 2 * 3
    entry = selective_ssm.kernel(np.array([2.0]), selection)[2, 0]
    assert abs(entry - expected) <= 16 * UNIT * expected
    with_the_source_step = expected * np.exp(-1.0)  # as if the product began at tau
    assert abs(entry - with_the_source_step) > 16 * UNIT * expected


@given(st.floats(1e-3, 20), st.floats(0, 20))
def test_zero_order_hold_is_the_matrix_exponential(rate, step):
    """The exponential of Delta [[-a, 1], [0, 0]] has A and the input factor in its first row."""
    exact = linalg.expm(step * np.array([[-rate, 1.0], [0.0, 0.0]]))
    rates, steps = np.array([rate]), np.array([step])
    computed = selective_ssm.transition(rates, steps)[0, 0], selective_ssm.input_factor(rates, steps)[0, 0]
    # expm's error is some units of roundoff times the condition of the exponential, at most 1 + a Delta here.
    assert np.all(np.abs(np.array(computed) - exact[0]) <= 100 * (1 + rate * step) * UNIT * np.linalg.norm(exact))


def test_zero_order_hold_solves_the_differential_equation():
    """h' = -a h + b with b held at its value of the token, integrated through four tokens."""
    rates = np.array([0.7])
    selection = Selection(np.array([0.5, 0.0, 2.0, 1.0]), np.array([[1.0], [4.0], [-2.0], [0.5]]), np.ones((4, 1)))
    h = selective_ssm.recurrence(rates, selection, np.ones((4, 1)))[1][:, 0, 0]
    state = allowed = 0.0
    for t, (step, b) in enumerate(zip(selection.step, selection.write[:, 0], strict=True)):
        if step:
            solution = integrate.solve_ivp(lambda _, z, b=b: -0.7 * z + b, (0, step), [state], rtol=1e-11, atol=1e-13)
            state = solution.y[0, -1]
            # the integrator's tolerance, for each of its steps; the equation itself only shrinks an error
            allowed += len(solution.t) * (1e-11 * np.abs(solution.y).max() + 1e-13)
        assert abs(h[t] - state) <= allowed
    assert h[1] == h[0]


def test_a_frozen_step_holds_the_state_and_reads_nothing():
    rates, frozen = np.array([0.3, 5.0]), np.array([0.0])
    assert selective_ssm.transition(rates, frozen).tolist() == [[1, 1]]
    assert selective_ssm.input_factor(rates, frozen).tolist() == [[0, 0]]


@given(models())
def test_jacobian_is_the_complex_step_derivative(drawn):
    ssm, x, tau = drawn
    T, D = x.shape
    brute = np.empty((T, D, D))
    for k in range(D):
        shifted = x.astype(np.complex128)
        shifted[tau, k] += 1j * COMPLEX_STEP
        brute[:, :, k] = ssm.forward(shifted).imag / COMPLEX_STEP
    exact = selective_ssm.jacobian(ssm, x, tau)
    step = ssm.select(x).step
    # C(R) is the sum of the norms of all terms; dy_tau / dx_tau has one more, |W_C| H_R, below it by W_B's share.
    constant = bounds.jacobian_constant(ssm.rates, ssm.step_weight, ssm.write_weight, ssm.read_weight, radius(x))
    scale = constant + np.linalg.norm(ssm.read_weight) * np.linalg.norm(
        selective_ssm.recurrence(ssm.rates, ssm.select(x), x)[1][tau]
    )
    # Where softplus is far below 1, complex log1p keeps an absolute error of UNIT, relative 1 / Delta.
    error = np.abs(exact - brute).max(initial=0)
    assert error <= 10 * roundings(ssm.rates, step) / min(1, step.min()) * scale
    assert np.all(exact[:tau] == 0)


def test_jacobian_after_the_source_only_decays_by_the_transitions():
    """With one mode, dy_t / dx_tau is a multiple of dh_tau / dx_tau: all blocks after tau are parallel."""
    generator = np.random.default_rng(0)
    ssm = SelectiveSSM(np.array([0.4]), generator.normal(size=3), 0.0, *generator.normal(size=(2, 1, 3)))
    x = generator.normal(size=(8, 3))
    blocks = selective_ssm.jacobian(ssm, x, 2)
    selection = ssm.select(x)
    ratio = selection.read[7, 0] / selection.read[3, 0] * np.exp(-0.4 * selection.step[4:].sum())
    allowed = 2 * roundings(ssm.rates, selection.step)
    assert np.all(np.abs(blocks[7] - ratio * blocks[3]) <= allowed * np.abs(blocks[7]).max())
    held_fixed = selective_ssm.kernel(ssm.rates, selection)[7, 2] * np.eye(3)
    assert np.abs(blocks[7] - held_fixed).max() > 0.01


@given(st.floats(-700, 700))
def test_softplus(z):
    exact = np.logaddexp(0, z)
    # an exponential and a logarithm, of either; exp makes the rounding of z relative
    assert abs(selective_ssm.softplus(np.array([z]))[0] - exact) <= 8 * UNIT * exact * max(1, abs(z))


def test_softplus_of_large_numbers_does_not_overflow():
    assert selective_ssm.softplus(np.array([-1000.0, 0, 1000])).tolist() == [0, np.log(2), 1000]


def test_a_token_selects_by_its_three_maps():
    """By hand: softplus(1 * 3 + 2 * 4 - 11) = ln 2."""
    ssm = SelectiveSSM(np.ones(1), np.array([1.0, 2]), -11.0, np.array([[5.0, 6]]), np.array([[7.0, 8]]))
    selection = ssm.select(np.array([[3.0, 4]]))
    assert (selection.step.tolist(), selection.write.tolist(), selection.read.tolist()) == ([np.log(2)], [[39]], [[53]])


def test_no_tokens():
    selection = Selection(np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2)))
    y, h = selective_ssm.recurrence(np.ones(2), selection, np.zeros((0, 3)))
    assert y.shape == (0, 3)
    assert h.shape == (0, 2, 3)
    assert selective_ssm.kernel(np.ones(2), selection).shape == (0, 0)


def test_bad_input():
    with pytest.raises(ValueError, match="rates must be positive"):
        SelectiveSSM(np.array([1.0, 0.0]), np.zeros(2), 0.0, np.zeros((2, 2)), np.zeros((2, 2)))
    selection = Selection(np.ones(3), np.ones((3, 1)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="source must be one of the 3 tokens from 0 on, got 3"):
        selective_ssm.impulse_response(np.ones(1), selection, 3)
    ssm = SelectiveSSM(np.ones(1), np.zeros(2), 0.0, np.zeros((1, 2)), np.zeros((1, 2)))
    with pytest.raises(ValueError, match="source must be one of the 4 tokens from 0 on, got -1"):
        selective_ssm.jacobian(ssm, np.ones((4, 2)), -1)
