"""The cache holds what later tokens read, and appending changes no cache."""

import numpy as np

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from tests.rounding import assert_equal_but_for_rounding

CONFIG = SessaConfig.published(12, 3)
GROUPED = SessaConfig.published(12, 6, 2)


def test_what_is_appended_to_a_cache_with_padding_is_real():
    parameters, x = SessaParameters.random(GROUPED), np.random.default_rng(0).normal(size=(2, 6, 12))
    mask = np.array([[False, True, False, True, True, True], [True] * 6])
    _, before = reference.prefill(parameters, x[:, :4], mask[:, :4])
    _, after = reference.prefill(parameters, x[:, :5], mask[:, :5])
    appended = before.append(*(z[..., 4:, :] for z in (after.k_rotated, after.v, after.k_fb, after.s)))
    y, _ = reference.decode_step(parameters, x[:, 5], appended)
    assert_equal_but_for_rounding(lambda x: reference.forward(parameters, x, mask)[:, 5], x, y)


def test_a_step_leaves_the_old_cache_alone():
    parameters = SessaParameters.random(CONFIG)
    x = np.random.default_rng(0).normal(size=(5, 12))
    _, cache = reference.prefill(parameters, x[:4])
    first, longer = reference.decode_step(parameters, x[4], cache)
    again, _ = reference.decode_step(parameters, x[4], cache)
    assert np.array_equal(first, again)
    assert (cache.length, longer.length) == (4, 5)
