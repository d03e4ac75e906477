from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
import sympy
from flint import arb

from sessa_ref.theory.special_functions import digamma, exp, rising, trigamma
from tests.rounding import LIBRARY, gamma_roundings, roundings

POINTS = [(1, 0.5), (8, -0.375), (300, 0.999), (3, -1.875)]


@pytest.mark.parametrize(("x", "n"), POINTS)
def test_three_kinds_of_numbers_agree(x, n):
    """The float is a difference of logarithms of Gamma at worst, whose rounding the exponential makes relative."""
    with mpmath.workdps(50), flint.ctx.workprec(100):
        true = mpmath.gammaprod([mpmath.mpf(x) + mpmath.mpf(n)], [x])
        ball = rising(arb(x), arb(n))
        with flint.ctx.workprec(200):
            assert ball.contains(arb(str(true)))
            assert not ball.contains(arb(str(true)) * (1 + arb(2) ** -80))
        symbolic = sympy.N(rising(sympy.Integer(x), sympy.Rational(Fraction(n))), 30)
        assert abs(mpmath.mpf(str(symbolic)) / true - 1) < 1e-28  # 30 digits were asked for
        assert abs(mpmath.mpf(float(rising(x, n))) / true - 1) <= gamma_roundings(x + 1)


def test_arrays_and_mixed_kinds():
    x = np.array([1.0, 2.0, 5.0])
    assert np.array_equal(rising(x, 0.5), [rising(each, 0.5) for each in x])
    a = sympy.Symbol("a")
    assert rising(3, a) == sympy.gamma(3 + a) / 2
    assert isinstance(rising(3, arb(1)), arb)
    assert rising(3, arb(2)).contains(12)


def test_digamma_trigamma_and_exp():
    for function, true in ((digamma, mpmath.digamma), (trigamma, lambda x: mpmath.psi(1, x)), (exp, mpmath.exp)):
        with mpmath.workdps(40):
            wanted, ball = true(mpmath.mpf(1.25)), function(arb(1.25))
            with flint.ctx.workprec(120):
                assert ball.contains(arb(str(wanted)))
            assert abs(mpmath.mpf(float(function(1.25))) / wanted - 1) <= roundings(LIBRARY + 1)  # psi' is a product
            assert (
                abs(mpmath.mpf(str(sympy.N(function(sympy.Rational(5, 4)), 30))) / wanted - 1) < 1e-28
            )  # of 30 digits
