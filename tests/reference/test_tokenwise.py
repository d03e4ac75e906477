"""The functions of single tokens: GELU, erf and the norm."""

import numpy as np
import pytest
from scipy import special

from sessa_ref import reference
from sessa_ref.certified import enclose_vjp
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import tokenwise
from tests.rounding import LIBRARY, roundings


class TestTokenwise:
    def test_gelu_is_exact(self):
        """Against SciPy's own normal distribution function; the tanh form differs by up to 5e-4.

        In 1 + erf, which is at most 2, erf and the sum are off by a rounding of 1 or so; what is left is a product.
        """
        a = np.linspace(-8, 8, 4001)
        assert np.all(np.abs(tokenwise.gelu(a) - a * special.ndtr(a)) <= roundings(4) * np.abs(a))

    def test_gelu_derivative(self):
        """Its terms are at most 1 and |a|/sqrt(2 pi); exp's argument -a^2/2 is rounded, but where it is large exp is small."""
        a = np.linspace(-8, 8, 101)
        step = np.imag(tokenwise.gelu(a + 1e-30j)) / 1e-30
        assert np.all(np.abs(tokenwise.gelu_derivative(a) - step) <= roundings(4 * LIBRARY) * (1 + np.abs(a)))

    @pytest.mark.skipif(np.finfo(np.longdouble).eps == np.finfo(float).eps, reason="no extended precision here")
    @pytest.mark.parametrize("beyond", [0, 2.0**-59])
    def test_erf_in_extended_precision(self, beyond):
        """Taylor's series, by hand in exact rationals to 25 terms, times 2/sqrt(pi): at 1/4, and next to it at a
        number that float64 cannot hold."""
        from fractions import Fraction
        from math import factorial

        z = Fraction(1, 4) + Fraction(beyond)
        terms = [(-1) ** n * z ** (2 * n + 1) / (factorial(n) * (2 * n + 1)) for n in range(25)]
        total = sum(terms, Fraction(0))
        sqrt_pi = np.sqrt(4 * np.arctan(np.longdouble(1)))
        high = np.longdouble(float(total))
        expected = 2 * (high + np.longdouble(float(total - Fraction(float(total))))) / sqrt_pi
        measured = tokenwise.erf(np.array([0.25], dtype=np.longdouble) + np.longdouble(beyond))[0]
        assert abs(measured - expected) <= 4 * np.finfo(np.longdouble).eps * expected

    def test_erf_of_infinities_and_nan_in_extended_precision(self):
        values = tokenwise.erf(np.array([-np.inf, np.inf, np.nan], dtype=np.longdouble))
        assert values[:2].tolist() == [-1, 1]
        assert np.isnan(values[2])

    def test_gradients_of_a_linear_map(self):
        """By hand; without a bias there is no gradient of one."""
        x, weight, dy = np.array([[[1.0, 2]], [[3, 4]]]), np.array([[5.0, 6]]), np.array([[[1.0]], [[10]]])
        dx, dweight, dbias = tokenwise.linear_gradient(x, weight, dy, bias=True)
        assert (dx.tolist(), dweight.tolist()) == ([[[5, 6]], [[50, 60]]], [[31, 42]])
        assert dbias is not None
        assert dbias.tolist() == [11]
        assert tokenwise.linear_gradient(x, weight, dy, bias=False)[2] is None

    def test_layer_norm_uses_the_biased_variance(self):
        x = np.array([[1.0, 2, 3, 6]])
        n = reference.DEFINITION.layer_norm(x, np.ones(4), np.zeros(4), 0.5)
        assert np.array_equal(n, (x - 3) / 2), "(1 - 3)^2 / 4 + ... = 3.5, and 3.5 + 0.5 = 2^2: no number is rounded"


@pytest.mark.parametrize("exponent", [499, 510, 1000])
def test_the_norm_of_a_multiple_by_a_power_of_two_has_the_same_digits(exponent):
    """Row by row, those of numbers whose squares overflow beside others."""
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    factor = np.array([[[1.0], [2.0**exponent], [1.0]], [[1.0], [1.0], [2.0 ** (exponent + 5)]]])
    standard, scale = tokenwise.standardize(x, 0.0)
    standard_of_multiple, scale_of_multiple = tokenwise.standardize(x * factor, 0.0)
    assert np.array_equal(standard_of_multiple, standard)
    assert np.array_equal(scale_of_multiple * factor, scale)


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
        # Products and sums of four terms one after the other, nine matrices deep and back, beside the largest of a row.
        scale = np.abs(wanted).max(axis=-1, keepdims=True) if wanted.ndim else np.abs(wanted)
        assert np.all(np.abs(values - wanted) <= roundings(2 * 9 * 5) * np.maximum(scale, 1)), name
