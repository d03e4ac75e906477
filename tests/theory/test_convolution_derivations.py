"""What has to be 0 is 0, and the inequalities that it proves hold in numbers."""

import pytest
from scipy.special import beta, gamma

from sessa_ref.theory import convolution_derivations as derivations
from tests.rounding import LIBRARY, near


def test_defects_vanish():
    assert derivations.vandermonde_defects() == [0, 0, 0]
    assert derivations.bernoulli_defects() == [0, 0, 0]
    assert derivations.shifted_power_step_defect() == 0
    assert derivations.log_convexity_defect() == 0


@pytest.mark.parametrize(("sigma", "rho"), [(0.3, 0.8), (1.0, 0.5), (1.7, 2.2)])
def test_the_convolution_that_they_prove(sigma, rho):
    for N in (0, 1, 5, 12):
        terms = (gamma(sigma + j) / gamma(j + 1) * gamma(rho + N - j) / gamma(N - j + 1) for j in range(N + 1))
        wanted = beta(sigma, rho) * gamma(sigma + rho + N) / gamma(N + 1)
        assert sum(terms) == near(wanted, (4 + 3) * 2 * LIBRARY + N + 8)  # positive terms of four functions each


def test_simplified_combines_quotients_of_gamma_functions():
    import sympy

    s = sympy.Symbol("s", positive=True)
    assert derivations.simplified(sympy.gamma(s + 1) / sympy.gamma(s)) == s
    assert derivations.simplified(sympy.gamma(s + 1) / sympy.gamma(s) - s - 1) == -1
