"""Each way to change the formulas changes what it says, and nothing else."""

import numpy as np

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.faults.catalogue import changes
from sessa_ref.parameters import SessaParameters
from tests.rounding import LIBRARY, near

PARAMETERS = SessaParameters.random(SessaConfig.published(8, 2), seed=1)
X = np.random.default_rng(0).normal(size=(2, 5, 8))
ROUNDING = 2.0**-48
"""Some tens of roundings of numbers of size 1."""


def traced(formulas, parameters=PARAMETERS):
    return reference.trace(parameters, X, formulas=formulas())


def test_always():
    steps = traced(changes.always(gain=lambda u, weight, bias, gamma_max: np.zeros(u.shape[:-1])))
    assert not steps.gamma.any()
    np.testing.assert_array_equal(steps.f, reference.trace(PARAMETERS, X).f)
    np.testing.assert_array_equal(steps.s, steps.f)


def test_other_arrays_are_those_of_another_layer():
    name = "mixer.v_proj.weight"
    doubled = PARAMETERS.replace({name: 2 * PARAMETERS[name]})
    steps = traced(changes.with_arrays(lambda parameters: {name: 2 * parameters[name]}))
    np.testing.assert_array_equal(steps.y, reference.forward(doubled, X))
    assert not np.allclose(steps.y, reference.forward(PARAMETERS, X))


def test_without():
    steps = traced(changes.without("W_out.weight", "W_out.bias", "no.such.array"))
    np.testing.assert_array_equal(steps.y, X)


def test_a_projection_is_changed_by_itself():
    steps = traced(changes.projected("W_out", lambda parameters, z: -z))
    true = reference.trace(PARAMETERS, X)
    np.testing.assert_array_equal(steps.s, true.s)
    np.testing.assert_allclose(steps.y - X, X - true.y, rtol=0, atol=ROUNDING)


def test_a_solve_with_a_diagonal():
    B = np.tril(np.random.default_rng(1).uniform(-0.5, 0.5, (4, 4)))
    f = np.random.default_rng(2).normal(size=(4, 3))
    s = changes.WithDiagonal().forward_substitution(B, f)
    np.testing.assert_allclose(s - B @ s, f, rtol=0, atol=ROUNDING)


def test_numbers():
    assert changes.root(2, np.ones(1, np.float32)).dtype == np.float32
    assert changes.sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0, 0.5, 1]
    assert changes.sigmoid(np.array([0.3]))[0] == near(1 / (1 + np.exp(-0.3)), 2 * LIBRARY + 4)
