"""The trace holds the paper's quantities, and they satisfy its equations."""

import numpy as np

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention, rotary
from tests.rounding import roundings

CONFIG = SessaConfig.published(12, 3)
GROUPED = SessaConfig.published(12, 6, 2)


def test_the_trace_satisfies_the_papers_equations():
    p = SessaParameters.random(CONFIG, 2)
    steps = reference.trace(p, np.random.default_rng(0).normal(size=(20, 12)))
    assert np.all(np.triu(steps.B) == 0)
    assert np.all(np.abs(steps.gamma) <= CONFIG.gamma_max)
    residual = steps.s - steps.B @ steps.s - steps.f
    # T roundings in the solve and T in the residual; |B| |s| <= max |s|, since a row of |B| sums to a gain
    assert np.all(np.abs(residual) <= roundings(2 * 20) * (np.abs(steps.s).max() + np.abs(steps.f).max()))
    rho = np.abs(steps.gamma).max()
    assert np.linalg.norm(steps.s, axis=-1).max() <= np.linalg.norm(steps.f, axis=-1).max() / (1 - rho)


def test_every_projection_stands_under_its_name():
    p = SessaParameters.random(GROUPED, 2)
    steps = reference.trace(p, np.random.default_rng(0).normal(size=(5, 12)))
    for name, heads in (("q", 6), ("k", 2), ("v", 2)):
        projected = reference.DEFINITION.linear(p, f"mixer.{name}_proj", steps.u)
        assert np.array_equal(getattr(steps, name), attention.split_heads(projected, heads)), name
    assert steps.theta is not None
    assert np.array_equal(steps.q_rotated, rotary.rotate(steps.q, steps.theta))
    assert np.array_equal(steps.k_rotated, rotary.rotate(steps.k, steps.theta))
    assert np.array_equal(
        np.concatenate([steps.q_fb, steps.k_fb], axis=-1), reference.DEFINITION.linear(p, "mixer.proj_fb", steps.u)
    )
    halves = np.concatenate([steps.a, steps.g], axis=-1)
    assert np.array_equal(halves, reference.DEFINITION.linear(p, "W_in", steps.n))


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
