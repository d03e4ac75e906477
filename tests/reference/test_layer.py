import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from sessa_ref import reference
from sessa_ref.certified import enclose_vjp
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import tokenwise
from tests.strategies import cases

UNIT = 2.0**-53
CONFIG = SessaConfig.published(12, 3)


def test_torch_is_never_imported():
    script = "import sys, sessa_ref.reference; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("config", [CONFIG, SessaConfig.paper(5)])
@pytest.mark.parametrize("batch", [(), (0,), (2,), (2, 3)])
@pytest.mark.parametrize("T", [0, 1, 2])
def test_short_sequences_and_any_batch(config, batch, T):
    parameters = SessaParameters.random(config)
    x = np.random.default_rng(0).normal(size=(*batch, T, config.width))
    y = reference.forward(parameters, x)
    assert y.shape == x.shape
    assert np.isfinite(y).all()
    dx, _ = reference.vjp(parameters, x, np.ones_like(x))
    assert dx.shape == x.shape


def test_one_token_by_hand():
    """With one token both attentions are trivial: y = x + W_out((W_v u + b_v) g) + b_out."""
    config = SessaConfig.published(4, 1)
    p = SessaParameters.random(config, 5)
    x = np.array([1.0, -2, 0.5, 3])
    n = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
    a, g = np.split(p["W_in.weight"] @ n + p["W_in.bias"], 2)
    u = a * special.ndtr(a)
    s = p["mixer.v_proj.weight"] @ u + p["mixer.v_proj.bias"]
    expected = x + p["W_out.weight"] @ (s * g) + p["W_out.bias"]
    assert np.allclose(reference.forward(p, x[None])[0], expected, rtol=0, atol=100 * UNIT)


def test_the_trace_satisfies_the_papers_equations():
    p = SessaParameters.random(CONFIG, 2)
    steps = reference.trace(p, np.random.default_rng(0).normal(size=(20, 12)))
    assert np.all(np.triu(steps.B) == 0)
    assert np.all(np.abs(steps.gamma) <= CONFIG.gamma_max)
    residual = steps.s - steps.B @ steps.s - steps.f
    assert np.all(np.abs(residual) <= 40 * UNIT * (np.abs(steps.s).max() + np.abs(steps.f).max()))
    rho = np.abs(steps.gamma).max()
    assert np.linalg.norm(steps.s, axis=-1).max() <= np.linalg.norm(steps.f, axis=-1).max() / (1 - rho)


@given(cases(max_T=12), st.data())
def test_the_future_never_changes_the_past(drawn, data):
    """Bit for bit, whether later tokens are other numbers, NaN or infinite."""
    T = drawn.x.shape[1]
    t = data.draw(st.integers(0, max(T - 1, 0)))
    other = drawn.x.copy()
    other[:, t:] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf, 1e200, 0.5]))
    with np.errstate(all="ignore"):
        changed = reference.forward(drawn.parameters, other)
    before = reference.forward(drawn.parameters, drawn.x)
    # an einsum over a shorter or longer past may sum in another order; the past's own length is the same
    assert np.array_equal(changed[:, :t], before[:, :t])


def test_a_nan_does_reach_the_present_and_the_future():
    x = np.random.default_rng(0).normal(size=(6, 12))
    x[2, 3] = np.nan
    y = reference.forward(SessaParameters.random(CONFIG), x)
    assert np.isfinite(y[:2]).all()
    assert np.isnan(y[2:]).all()


@pytest.mark.parametrize("scale", [1e-300, 1e4, 1e100])
def test_softmax_never_overflows(scale):
    """Without a norm huge tokens give huge logits; the output stays finite as long as products do."""
    parameters = SessaParameters.random(SessaConfig.paper(6))
    x = scale * np.random.default_rng(0).normal(size=(9, 6))
    steps = reference.trace(parameters, x)
    assert np.isfinite(steps.alpha_fwd).all()
    assert np.isfinite(steps.alpha_fb).all()
    assert np.isfinite(steps.y).all()


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.ones((3, 11)), ValueError, r"x must have shape \(..., T, D\) with D=12, got \(3, 11\)"),
        (np.ones(12), ValueError, r"got \(12,\)"),
        (np.ones((3, 12), dtype=int), TypeError, "x must hold floating-point numbers, got int64"),
        ("text", TypeError, "x must hold floating-point numbers"),
    ],
)
def test_wrong_input(x, error, message):
    with pytest.raises(error, match=message):
        reference.forward(SessaParameters.random(CONFIG), x)


def test_float32_input_is_computed_in_float64():
    x = np.random.default_rng(0).normal(size=(4, 12)).astype(np.float32)
    p = SessaParameters.random(CONFIG)
    assert np.array_equal(reference.forward(p, x), reference.forward(p, x.astype(np.float64)))


class TestTokenwise:
    def test_gelu_is_exact(self):
        """Against SciPy's own normal distribution function; the tanh form differs by up to 5e-4."""
        a = np.linspace(-8, 8, 4001)
        assert np.all(np.abs(tokenwise.gelu(a) - a * special.ndtr(a)) <= 4 * UNIT * np.abs(a))

    def test_gelu_derivative(self):
        a = np.linspace(-8, 8, 101)
        step = np.imag(tokenwise.gelu(a + 1e-30j)) / 1e-30
        assert np.all(np.abs(tokenwise.gelu_derivative(a) - step) <= 16 * UNIT * (1 + np.abs(a)))

    @pytest.mark.skipif(np.finfo(np.longdouble).eps == np.finfo(float).eps, reason="no extended precision here")
    def test_erf_in_extended_precision(self):
        """Taylor's series at 1/4, by hand in exact rationals to 25 terms, times 2/sqrt(pi)."""
        from fractions import Fraction
        from math import factorial

        z = Fraction(1, 4)
        terms = [(-1) ** n * z ** (2 * n + 1) / (factorial(n) * (2 * n + 1)) for n in range(25)]
        total = sum(terms, Fraction(0))
        sqrt_pi = np.sqrt(4 * np.arctan(np.longdouble(1)))
        high = np.longdouble(float(total))
        expected = 2 * (high + np.longdouble(float(total - Fraction(float(total))))) / sqrt_pi
        measured = tokenwise.erf(np.array([0.25], dtype=np.longdouble))[0]
        assert abs(measured - expected) <= 4 * np.finfo(np.longdouble).eps * expected

    def test_erf_of_infinities_and_nan_in_extended_precision(self):
        values = tokenwise.erf(np.array([-np.inf, np.inf, np.nan], dtype=np.longdouble))
        assert values[:2].tolist() == [-1, 1]
        assert np.isnan(values[2])

    def test_layer_norm_uses_the_biased_variance(self):
        x = np.array([[1.0, 2, 3, 6]])
        n = reference.DEFINITION.layer_norm(x, np.ones(4), np.zeros(4), 0.5)
        assert np.allclose(n, (x - 3) / np.sqrt(3.5 + 0.5), rtol=8 * UNIT, atol=0)


def test_a_layer_norm_of_large_numbers_does_not_overflow():
    """The squares of 1e160 overflow; output and gradients are those that exact arithmetic gives."""
    parameters = SessaParameters.random(SessaConfig.published(4, 2))
    x = np.random.default_rng(0).normal(size=(3, 4))
    x[0] *= 1e160
    dy = np.ones_like(x)
    exact = enclose_vjp(parameters, x, dy)
    dx, gradients = reference.vjp(parameters, x, dy)
    measured = {"y": reference.forward(parameters, x), "dx": dx} | {f"grad.{n}": g for n, g in gradients.items()}
    for name, values in measured.items():
        wanted = exact[name].midpoint
        # A few dozen roundings, next to the largest entry of a row.
        scale = np.abs(wanted).max(axis=-1, keepdims=True) if wanted.ndim else np.abs(wanted)
        assert np.all(np.abs(values - wanted) <= 2.0**-44 * np.maximum(scale, 1)), name


def test_arrays_in_any_byte_order_and_tensors_are_the_same_tokens():
    import torch

    parameters = SessaParameters.random(SessaConfig.published(8, 2), 0)
    x = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    y = reference.forward(parameters, x.astype(np.float64))
    for same in (x, x.astype(">f4"), x.astype(">f8"), torch.tensor(x, requires_grad=True), x.tolist()):
        assert np.array_equal(reference.forward(parameters, same), y)
    with pytest.raises(TypeError, match="x must be a plain array, got a masked array"):
        reference.forward(parameters, np.ma.masked_array(x, x > 1))
