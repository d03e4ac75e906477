import numpy as np
import pytest

from sessa_ref.theory import positions
from sessa_ref.theory.uniform_routing import position_code, uniform_influence
from tests.rounding import LIBRARY, gamma_roundings, roundings


@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.9])
def test_steps_of_the_code(gamma):
    for t in (0, 1, 7, 50):
        step = position_code(t + 1, gamma) - position_code(t, gamma)
        rounding = 2 * (gamma_roundings(t + 2) + roundings(4)) / (1 - gamma)  # of the codes, both up to 1 / (1 - gamma)
        assert positions.position_step(t, gamma) == pytest.approx(step, rel=0, abs=rounding)
    allowed = 2 * gamma_roundings(gamma) + roundings(2 * LIBRARY)  # of two quotients of Gamma functions
    assert positions.position_scale(2, gamma, 3.0) == pytest.approx(6 / gamma, rel=allowed, abs=0)


@pytest.mark.parametrize("gamma", [0.1, 0.4, 0.5, 0.75])
def test_where_float32_ends(gamma):
    """Up to the estimate steps are longer than the spacing: the nearest numbers differ. A step at t is a power of t to t + 2.

    Beyond it they fall short of the spacing, by (2 - gamma) (t / T - 1) of it to first order: by a whole one, in all, after
    sqrt(2 T / (2 - gamma)) < 2 sqrt(T) tokens. By then two codes have had the same nearest number. With these gains the codes
    are beyond the last power of 2 before their limit by then.
    """
    estimate = positions.distinct_positions(gamma, 2.0**-23)
    t = np.arange(1, 2 * int(estimate))
    code = ((1 - gamma * uniform_influence(0, t, gamma)) / (1 - gamma)).astype(np.float32)
    first = t[1:][code[1:] == code[:-1]][0]
    assert estimate - 2 <= first <= estimate + 2 * np.sqrt(estimate)
