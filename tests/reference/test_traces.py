"""The trace holds the paper's quantities, and they satisfy its equations."""

import numpy as np

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters

UNIT = 2.0**-53
CONFIG = SessaConfig.published(12, 3)
GROUPED = SessaConfig.published(12, 6, 2)


def test_the_trace_satisfies_the_papers_equations():
    p = SessaParameters.random(CONFIG, 2)
    steps = reference.trace(p, np.random.default_rng(0).normal(size=(20, 12)))
    assert np.all(np.triu(steps.B) == 0)
    assert np.all(np.abs(steps.gamma) <= CONFIG.gamma_max)
    residual = steps.s - steps.B @ steps.s - steps.f
    assert np.all(np.abs(residual) <= 40 * UNIT * (np.abs(steps.s).max() + np.abs(steps.f).max()))
    rho = np.abs(steps.gamma).max()
    assert np.linalg.norm(steps.s, axis=-1).max() <= np.linalg.norm(steps.f, axis=-1).max() / (1 - rho)


def test_the_trace_of_padding():
    parameters, x = SessaParameters.random(GROUPED), np.random.default_rng(0).normal(size=(2, 5, 12))
    steps = reference.trace(parameters, x, [[0, 1, 0, 1, 1], [0, 0, 0, 0, 0]])
    assert steps.theta is not None
    assert steps.theta.shape == (2, 1, 5, 1)
    assert steps.theta[0, 0, :, 0].tolist() == [0, 0, 1, 1, 2]
    for array in (steps.f, steps.s, steps.B, steps.alpha_fwd.sum(axis=1)):
        assert not array[0, [0, 2]].any()
        assert not array[1].any()
    for array in (steps.B, steps.alpha_fwd):
        assert not array[0, ..., [0, 2]].any()
