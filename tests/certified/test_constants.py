from fractions import Fraction

import flint
import pytest
from flint import arb

from sessa_ref.certified import constants, exact
from sessa_ref.symbolic import routing


@pytest.mark.parametrize("gamma", [Fraction(1, 2), Fraction(-9, 10), Fraction(999, 1000)])
@pytest.mark.parametrize("bits", [53, 200])
def test_uniform_influence_contains_the_exact_sum_over_paths(gamma, bits):
    K = exact.inverse(routing.uniform(40, gamma))
    with flint.ctx.workprec(bits):
        for source, lag in ((0, 1), (0, 39), (5, 20), (38, 1)):
            ball = constants.uniform_influence(gamma, source, lag)
            with flint.ctx.workprec(4 * bits):
                true = arb(K[source + lag, source])
                assert ball.contains(true)
                assert not ball.contains(true * (1 + arb(2) ** -40))


def test_tail_constant():
    """K lag^(1 - gamma) tends to it."""
    with flint.ctx.workprec(100):
        limit = constants.uniform_tail_constant(0.5, 2)
        for lag in (10**3, 10**6):
            scaled = constants.uniform_influence(0.5, 2, lag) * arb(lag) ** arb(0.5)
            assert abs(scaled / limit - 1) < 4 / arb(lag)
            assert scaled != limit


def test_polynomial_decay():
    """(62) bounds uniform routing with gamma = eta; half of it does not bound the first lag."""
    C, eta = constants.polynomial_decay_constant(Fraction(1, 2)), Fraction(1, 2)
    influence = [constants.uniform_influence(eta, 0, lag) for lag in range(1, 60)]
    assert all(y <= C * arb(lag) ** arb(-0.5) for lag, y in enumerate(influence, start=1))
    assert influence[0] > C / 2


def test_bad_arguments():
    with pytest.raises(ValueError, match="lag >= 1"):
        constants.uniform_influence(0.5, 0, 0)
    with pytest.raises(ValueError, match="source must not be negative"):
        constants.uniform_tail_constant(0.5, -1)
    with pytest.raises(ValueError, match="eta must lie in"):
        constants.polynomial_decay_constant(1)
