import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, linalg

from sessa_ref.influence import selective_ssm
from sessa_ref.influence.selective_ssm import Selection, SelectiveSSM

UNIT = 2.0**-53
COMPLEX_STEP = 1e-100


@st.composite
def selections(draw, max_T=20):
    """(rates, selection, u): steps from frozen (0) to long, rates two orders of magnitude apart."""
    T, N, D = draw(st.integers(1, max_T)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    step = generator.exponential(size=T) * generator.choice([0.0, 1e-3, 1.0, 5.0], size=T)
    rates = 10 ** generator.uniform(-1, 1, N)
    selection = Selection(step, generator.normal(size=(T, N)), generator.normal(size=(T, N)))
    return rates, selection, generator.normal(size=(T, D))


@st.composite
def models(draw, max_T=12):
    """(ssm, x, tau): tokens and a model whose steps depend on them."""
    T, N, D = draw(st.integers(1, max_T)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    ssm = SelectiveSSM(
        rates=10 ** generator.uniform(-1, 1, N),
        step_weight=generator.normal(size=D),
        step_bias=draw(st.sampled_from([-3.0, 0.0, 2.0])),
        write_weight=generator.normal(size=(N, D)),
        read_weight=generator.normal(size=(N, D)),
    )
    return ssm, generator.normal(size=(T, D)), draw(st.integers(0, T - 1))


def radius(x):
    return float(np.linalg.norm(x, axis=-1).max())


def absolute(selection):
    return Selection(selection.step, np.abs(selection.write), np.abs(selection.read))


def roundings(rates, step):
    """Relative error of a product of transitions: each exp doubles its argument's error, each factor adds a rounding."""
    T, time = len(step), float(np.sum(step))
    return (6 * T + 20 + 4 * (T + 2) * np.max(rates) * time) * UNIT


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
    state = 0.0
    for t, (step, b) in enumerate(zip(selection.step, selection.write[:, 0], strict=True)):
        if step:
            solution = integrate.solve_ivp(lambda _, z, b=b: -0.7 * z + b, (0, step), [state], rtol=1e-11, atol=1e-13)
            state = solution.y[0, -1]
        assert abs(h[t] - state) <= 1e-9  # the integrator's tolerance, summed over its steps
    assert h[1] == h[0]


def test_a_frozen_step_holds_the_state_and_reads_nothing():
    rates, frozen = np.array([0.3, 5.0]), np.array([0.0])
    assert selective_ssm.transition(rates, frozen).tolist() == [[1, 1]]
    assert selective_ssm.input_factor(rates, frozen).tolist() == [[0, 0]]


@given(selections())
def test_memory_factor_bounds_the_kernel(drawn):
    """|K_{t, tau}| <= |C_t| |G_tau B_tau| Pi (Proposition 9 (ii)), and the factor is below exp(-lambda c lag)."""
    rates, selection, _ = drawn
    factor = selective_ssm.memory_factor(rates, selection.step)
    written = np.linalg.norm(selective_ssm.input_factor(rates, selection.step) * selection.write, axis=-1)
    bound = np.linalg.norm(selection.read, axis=-1)[:, None] * written * factor
    slack = 1 + roundings(rates, selection.step)
    assert np.all(np.abs(selective_ssm.kernel(rates, selection)) <= slack * bound)
    T = len(selection.step)
    if T > 1:
        c = selective_ssm.slowest_average_step(selection.step)
        lag = np.subtract.outer(np.arange(T), np.arange(T))
        assert np.all(factor[lag > 0] <= slack * np.exp(-rates.min() * c * lag[lag > 0]))


def test_memory_factor_of_the_fastest_mode_is_no_bound():
    rates = np.array([0.1, 3.0])
    selection = Selection(np.ones(6), np.ones((6, 2)), np.ones((6, 2)))
    factor = selective_ssm.memory_factor(np.array([3.0]), selection.step)
    K = selective_ssm.kernel(rates, selection)
    written = np.linalg.norm(selective_ssm.input_factor(rates, selection.step), axis=-1)
    assert K[5, 0] > 1000 * np.sqrt(2) * written[0] * factor[5, 0]


@given(selections())
def test_neighbours_make_failed_freeze_time_a_bound_on_every_step(drawn):
    step = drawn[1].step
    if len(step) > 1:
        slack = len(step) * UNIT * np.sum(step)
        assert abs(selective_ssm.slowest_average_step(step) - step[1:].min()) <= slack


def test_distant_pairs_allow_frozen_steps():
    """Every second step is frozen: c = 0 for neighbours, 1/3 over lags of 3 and more, but not the mean, 1/2."""
    step = np.array([1.0, 0.0] * 6)
    assert selective_ssm.slowest_average_step(step) == 0
    assert selective_ssm.slowest_average_step(step, shortest_lag=3) == pytest.approx(1 / 3, rel=1e-14)
    assert selective_ssm.accumulated_time(step)[3, 0] < np.mean(step) * 3


@given(selections(max_T=40))
def test_no_state_exceeds_the_bound(drawn):
    rates, selection, u = drawn
    h = selective_ssm.recurrence(rates, selection, u)[1]
    bound = selective_ssm.state_bound(rates, selection, u)
    assert np.all(np.abs(h) <= bound * (1 + roundings(rates, selection.step)))


def test_an_euler_input_factor_breaks_the_state_bound():
    """Delta B in place of (1 - exp(-a Delta)) / a B, as in some implementations: a long step overshoots."""
    rates, step = np.array([1.0]), np.array([5.0])
    selection = Selection(step, np.ones((1, 1)), np.ones((1, 1)))
    bound = selective_ssm.state_bound(rates, selection, np.ones((1, 1)))
    assert selective_ssm.input_factor(rates, step)[0, 0] <= bound < step[0]


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
    scale = selective_ssm.jacobian_constant(ssm, radius(x)) + np.linalg.norm(ssm.read_weight) * np.linalg.norm(
        selective_ssm.recurrence(ssm.rates, ssm.select(x), x)[1][tau]
    )
    # Where softplus is far below 1, complex log1p keeps an absolute error of UNIT, relative 1 / Delta.
    error = np.abs(exact - brute).max(initial=0)
    assert error <= 10 * roundings(ssm.rates, step) / min(1, step.min()) * scale
    assert np.all(exact[:tau] == 0)


@given(models())
def test_proposition_4(drawn):
    ssm, x, tau = drawn
    norms = np.linalg.norm(selective_ssm.jacobian(ssm, x, tau), ord=2, axis=(-2, -1))
    step = ssm.select(x).step
    bound = selective_ssm.jacobian_constant(ssm, radius(x)) * selective_ssm.memory_factor(ssm.rates, step)[:, tau]
    assert np.all(norms[tau + 1 :] <= bound[tau + 1 :] * (1 + roundings(ssm.rates, step)))


def test_jacobian_after_the_source_only_decays_by_the_transitions():
    """With one mode, dy_t / dx_tau is a multiple of dh_tau / dx_tau: all blocks after tau are parallel."""
    generator = np.random.default_rng(0)
    ssm = SelectiveSSM(np.array([0.4]), generator.normal(size=3), 0.0, *generator.normal(size=(2, 1, 3)))
    x = generator.normal(size=(8, 3))
    blocks = selective_ssm.jacobian(ssm, x, 2)
    selection = ssm.select(x)
    ratio = selection.read[7, 0] / selection.read[3, 0] * np.exp(-0.4 * selection.step[4:].sum())
    assert np.allclose(blocks[7], ratio * blocks[3], rtol=1e-13, atol=0)
    held_fixed = selective_ssm.kernel(ssm.rates, selection)[7, 2] * np.eye(3)
    assert np.abs(blocks[7] - held_fixed).max() > 0.01


@given(st.floats(-700, 700))
def test_softplus(z):
    exact = np.logaddexp(0, z)
    assert abs(selective_ssm.softplus(np.array([z]))[0] - exact) <= 8 * UNIT * exact * max(1, abs(z))


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
    with pytest.raises(ValueError, match="tau must be one of the 3 tokens from 0 on, got 3"):
        selective_ssm.impulse_response(np.ones(1), selection, 3)
    ssm = SelectiveSSM(np.ones(1), np.zeros(2), 0.0, np.zeros((1, 2)), np.zeros((1, 2)))
    with pytest.raises(ValueError, match="tau must be one of the 4 tokens from 0 on, got -1"):
        selective_ssm.jacobian(ssm, np.ones((4, 2)), -1)
    with pytest.raises(ValueError, match="shortest_lag must be from 1 to 2 for 3 tokens, got 3"):
        selective_ssm.slowest_average_step(np.ones(3), 3)
