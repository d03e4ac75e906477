import numpy as np
import pytest
import sympy
from flint import arb

from sessa_ref.theory import convolution, convolution_derivations
from tests.rounding import LIBRARY, gamma_roundings, roundings


def test_convolve_counts_positive_lags():
    assert convolution.convolve([1, 10, 100], [1, 2, 3]) == [0, 1, 12]


def test_powers_are_convolutions():
    base = [n**-0.5 for n in range(1, 9)]
    twice = convolution.convolve(convolution.convolve(base, base), base)
    balls = convolution.convolution_power(0.5, 3, 8)
    # three powers, and twice a sum of up to 8 products, all positive
    np.testing.assert_allclose([float(value) for value in balls], twice, rtol=roundings(3 * LIBRARY + 2 * (8 + 1)))


def test_the_shifted_powers_convolve_exactly():
    h, g = ([convolution.shifted_power(n, s) for n in range(1, 9)] for s in (0.3, 1.7))
    # positive products of two quotients of Gamma functions, summed, and the product of four such quotients
    allowed = 6 * gamma_roundings(9) + roundings(8 + 5)
    for n, value in enumerate(convolution.convolve(h, g)[1:], start=2):
        wanted = convolution.beta_function(0.3, 1.7) * convolution.shifted_power(n - 1, 2.0)
        assert value == pytest.approx(wanted, rel=allowed, abs=0)


@pytest.mark.parametrize("exponents", [(0.3, 0.4), (2.0, 3.0), (4.0, 0.2)])
def test_constants_enclose_the_quotient(exponents: tuple[float, float]):
    low, high = convolution.power_convolution_constants(*exponents)
    product = convolution.convolve(*([n ** (s - 1) for n in range(1, 60)] for s in exponents))
    quotients = [value / n ** (sum(exponents) - 1) for n, value in enumerate(product, start=1)][1:]
    assert all(low <= quotient <= high for quotient in quotients)


def test_constants_are_expressions_and_balls_as_well():
    s = sympy.Symbol("s", positive=True)
    assert convolution.best_convolution_power_constants(1, 1 - s)[0] == 1
    ball = convolution.power_convolution_constants(arb("0.5"), arb("0.5"))[1]
    assert bool(ball > 3)


def test_every_step_of_the_proofs_is_0():
    steps = [
        *convolution_derivations.vandermonde_defects(),
        *convolution_derivations.bernoulli_defects(),
        convolution_derivations.shifted_power_step_defect(),
        convolution_derivations.log_convexity_defect(),
    ]
    assert all(sympy.simplify(step) == 0 for step in steps)
