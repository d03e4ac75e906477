import numpy as np
import pytest
from hypothesis import given

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.parameters import SessaParameters
from tests.closeness import assert_within_bounds
from tests.strategies import cases

CONFIG = SessaConfig.published(12, 3)


@given(cases())
def test_decoding_is_the_forward_pass(drawn):
    """From a prefill of any length, also none."""
    y, cache = reference.prefill(drawn.parameters, drawn.x[:, : drawn.split])
    outputs = [y]
    for t in range(drawn.split, drawn.x.shape[1]):
        assert cache.length == t
        y_t, cache = reference.decode_step(drawn.parameters, drawn.x[:, t], cache)
        outputs.append(y_t[:, None])
    assert_within_bounds(Expectation(drawn, "float64"), {"y": np.concatenate(outputs, axis=1)})


def test_a_step_leaves_the_old_cache_alone():
    parameters = SessaParameters.random(CONFIG)
    x = np.random.default_rng(0).normal(size=(5, 12))
    _, cache = reference.prefill(parameters, x[:4])
    first, longer = reference.decode_step(parameters, x[4], cache)
    again, _ = reference.decode_step(parameters, x[4], cache)
    assert np.array_equal(first, again)
    assert (cache.length, longer.length) == (4, 5)


def test_wrong_tokens():
    parameters = SessaParameters.random(CONFIG)
    _, cache = reference.prefill(parameters, np.ones((2, 3, 12)))
    with pytest.raises(ValueError, match=r"x_t must have shape \(..., D\) with D=12, got \(2, 11\)"):
        reference.decode_step(parameters, np.ones((2, 11)), cache)
    with pytest.raises(ValueError, match=r"x_t must have the cache's batch axes \(2,\), got \(3,\)"):
        reference.decode_step(parameters, np.ones((3, 12)), cache)
