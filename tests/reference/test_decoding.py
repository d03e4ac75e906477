import numpy as np
import pytest
from hypothesis import given

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.parameters import SessaParameters
from tests.closeness import assert_within_bounds
from tests.rounding import assert_equal_but_for_rounding
from tests.strategies import cases

CONFIG = SessaConfig.published(12, 3)


@given(cases())
def test_decoding_is_the_forward_pass(drawn):
    """From a prefill of any length, also none."""
    y = reference.decode(drawn.parameters, drawn.x, drawn.split)
    assert_within_bounds(Expectation(drawn, "float64"), {"y": y})


def test_decode_is_a_prefill_and_steps():
    parameters = SessaParameters.random(CONFIG)
    x = np.random.default_rng(0).normal(size=(2, 6, 12))
    mask = np.array([[True] * 6, [False, True, True, False, True, True]])
    y, cache = reference.prefill(parameters, x[:, :4], mask[:, :4])
    for t in (4, 5):
        assert cache.length == t
        y_t, cache = reference.decode_step(parameters, x[:, t], cache, mask[:, t])
        y = np.concatenate([y, y_t[:, None]], axis=1)
    assert np.array_equal(reference.decode(parameters, x, 4, mask), y)


def test_steps_may_have_formulas_of_their_own():
    class WithoutFeedback(reference.Formulas):
        def forward_substitution(self, B, f, past=None):
            return f

    parameters = SessaParameters.random(CONFIG)
    x = np.random.default_rng(0).normal(size=(6, 12))
    right = reference.forward(parameters, x)
    y = reference.decode(parameters, x, 4, step_formulas=WithoutFeedback())
    assert np.array_equal(y[:4], reference.forward(parameters, x[:4]))
    assert_equal_but_for_rounding(lambda x: reference.forward(parameters, x, formulas=WithoutFeedback())[4:], x, y[4:])
    assert np.abs(y[4:] - right[4:]).max() > 1e-3


@pytest.mark.parametrize("split", [-1, 4])
def test_wrong_splits(split):
    with pytest.raises(ValueError, match=f"split must be in 0 .. 3, the number of tokens, got {split}"):
        reference.decode(SessaParameters.random(CONFIG), np.ones((3, 12)), split)


def test_wrong_tokens():
    parameters = SessaParameters.random(CONFIG)
    _, cache = reference.prefill(parameters, np.ones((2, 3, 12)))
    with pytest.raises(ValueError, match=r"x_t must have shape \(..., D\) with D=12, got \(2, 11\)"):
        reference.decode_step(parameters, np.ones((2, 11)), cache)
    with pytest.raises(ValueError, match=r"x_t must have the cache's batch axes \(2,\), got \(3,\)"):
        reference.decode_step(parameters, np.ones((3, 12)), cache)
    with pytest.raises(ValueError, match=r"x_t must have the cache's batch axes \(2,\), got \(2, 3\)$"):
        reference.decode_step(parameters, np.ones((2, 3, 12)), cache)
