"""A sequence, a decoding step and anything between are one computation."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import DEFINITION, layer, mixer
from tests.closeness import assert_within_bounds
from tests.strategies import cases


@settings(max_examples=5)
@given(cases(max_T=8), st.data())
def test_tokens_may_come_in_parts_of_any_length(drawn, data):
    T = drawn.x.shape[1]
    ends = sorted({*data.draw(st.lists(st.integers(0, T), max_size=3)), T})
    cache, outputs, start = None, [], 0
    for end in ends:
        steps = layer.advance(drawn.parameters, drawn.x[:, start:end], None, cache, DEFINITION)
        assert steps.B.shape[-2:] == (end - start, end)
        cache, start = DEFINITION.remember(cache, steps), end
        outputs.append(steps.y)
    assert cache is not None
    assert cache.length == T
    assert_within_bounds(Expectation(drawn, "float64"), {"y": np.concatenate(outputs, axis=1)})


@settings(max_examples=5)
@given(cases(max_T=8))
def test_a_cache_is_what_the_trace_holds(drawn):
    steps = reference.trace(drawn.parameters, drawn.x)
    _, cache = reference.prefill(drawn.parameters, drawn.x)
    for name in ("k_rotated", "v", "k_fb", "s"):
        assert np.array_equal(getattr(cache, name), getattr(steps, name))


def test_positions_count_real_tokens_in_the_dtype_asked_for():
    real = np.array([[[True, True, True]], [[False, True, True]]])
    for dtype in (np.dtype(np.float64), np.dtype(np.longdouble)):
        positions = mixer.positions_of(real, dtype)
        assert positions.dtype == dtype
        assert positions.tolist() == [[[[0, 1, 2]]], [[[0, 0, 1]]]]


def test_positions_are_of_the_kind_of_the_tokens():
    """Kinds that compute in their own way, such as in a lower precision, do so with angles too."""
    made = []

    class Watched(np.ndarray):
        def __array_function__(self, function, types, arguments, named):
            made.append(function.__name__)
            return super().__array_function__(function, types, arguments, named)

    parameters = SessaParameters.random(SessaConfig.published(8, 2))
    u = np.ones((3, 8)).view(Watched)
    mixer.mixer(parameters, u, None, None, DEFINITION)
    assert "arange" in made
