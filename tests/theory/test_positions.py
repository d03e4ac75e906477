import numpy as np
import pytest

from sessa_ref.theory import positions
from sessa_ref.theory.uniform_routing import position_code
from tests.rounding import LIBRARY, gamma_roundings, roundings


@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.9])
def test_steps_of_the_code(gamma):
    for t in (0, 1, 7, 50):
        step = position_code(t + 1, gamma) - position_code(t, gamma)
        rounding = 2 * (gamma_roundings(t + 2) + roundings(4)) / (1 - gamma)  # of the codes, both up to 1 / (1 - gamma)
        assert positions.position_step(t, gamma) == pytest.approx(step, rel=0, abs=rounding)
    allowed = 2 * gamma_roundings(gamma) + roundings(2 * LIBRARY)  # of two quotients of Gamma functions
    assert positions.position_scale(2, gamma, 3.0) == pytest.approx(6 / gamma, rel=allowed, abs=0)


def test_where_float32_ends():
    total = code = np.float32(1)
    t = 0
    for t in range(1, 20000):
        new = np.float32(1) + np.float32(0.5) * (total / np.float32(t))
        if new <= code:
            break
        code, total = new, total + new
    assert positions.distinct_positions(0.5, 2.0**-23) == pytest.approx(
        t, rel=0.3
    )  # an estimate: a step of half a unit may round up
