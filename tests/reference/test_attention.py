import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention
from tests.rounding import assert_equal_but_for_rounding, roundings


@st.composite
def queries_and_keys(draw):
    T, width = draw(st.integers(0, 20)), draw(st.integers(1, 5))
    scale = draw(st.sampled_from([0.0, 1.0, 1e3, 1e150]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    return tuple(scale * generator.normal(size=(2, T, width)) for _ in range(2))


@pytest.mark.parametrize("visible_set", [attention.causal_mask, attention.strictly_causal_mask])
@given(qk=queries_and_keys())
def test_rows_are_distributions_over_what_is_visible(visible_set, qk):
    q, k = qk
    visible = visible_set(q.shape[-2])
    alpha = attention.attention_weights(q, k, visible)
    assert np.all(alpha[..., ~visible] == 0)
    assert np.all(alpha >= 0)
    seen = visible.any(axis=-1)
    n = q.shape[-2] + 2
    assert np.all(np.abs(alpha.sum(axis=-1)[..., seen] - 1) <= roundings(2 * n))
    assert np.all(alpha[..., ~seen, :] == 0)


def test_first_row_of_the_strict_past_is_zero_and_the_second_is_one():
    alpha = attention.attention_weights(np.ones((3, 2)), np.ones((3, 2)), attention.strictly_causal_mask(3))
    assert alpha.tolist() == [[0, 0, 0], [1, 0, 0], [0.5, 0.5, 0]]


@pytest.mark.parametrize("masks", [attention, reference.DEFINITION])
def test_what_tokens_after_others_see(masks):
    assert masks.causal_mask(2, 3).tolist() == [[True] * 4 + [False], [True] * 5]
    assert masks.strictly_causal_mask(2, 3).tolist() == [[True] * 3 + [False] * 2, [True] * 4 + [False]]


def test_padding_neither_reads_nor_is_read():
    real = np.array([True, False, True])
    assert attention.among(real, 0).tolist() == [[True, False, True], [False] * 3, [True, False, True]]
    assert attention.among(real, 1).tolist() == [[False] * 3, [True, False, True]]


def test_weights_by_hand():
    """Logits 0 and ln 3 give 1/4 and 3/4; width 4, so the scale is 1/2."""
    q = np.array([[0.0, 0, 0, 0], [2 * np.log(3), 0, 0, 0]])
    k = np.array([[0.0, 0, 0, 0], [1, 0, 0, 0]])
    assert_equal_but_for_rounding(
        lambda q: attention.attention_weights(q, k, attention.causal_mask(2)), q, np.array([[1, 0], [0.25, 0.75]])
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_later_tokens_do_not_touch_earlier_rows(bad):
    generator = np.random.default_rng(0)
    q, k, v = generator.normal(size=(3, 6, 4))
    spoiled = [array.copy() for array in (q, k, v)]
    for array in spoiled:
        array[4] = bad
    visible = attention.causal_mask(6)
    clean = attention.attend(attention.attention_weights(q, k, visible), v)
    with np.errstate(invalid="ignore"):
        alpha = attention.attention_weights(spoiled[0], spoiled[1], visible)
        result = attention.attend(alpha, spoiled[2])
    assert np.array_equal(result[:4], clean[:4])
    assert not np.isfinite(result[4:]).any()


def test_query_heads_share_groups_consecutively():
    z = np.arange(2.0).reshape(2, 1, 1)
    assert attention.repeat_kv(z, 6)[:, 0, 0].tolist() == [0, 0, 0, 1, 1, 1]


def test_heads_are_consecutive_features():
    z = np.arange(12.0).reshape(2, 6)
    heads = attention.split_heads(z, 3)
    assert heads[1].tolist() == [[2, 3], [8, 9]]
    assert np.array_equal(attention.merge_heads(heads), z)


@pytest.mark.parametrize("scale", [1e-300, 1e4, 1e100])
def test_softmax_never_overflows(scale):
    """Without a norm huge tokens give huge logits; the output stays finite as long as products do."""
    parameters = SessaParameters.random(SessaConfig.paper(6))
    x = scale * np.random.default_rng(0).normal(size=(9, 6))
    steps = reference.trace(parameters, x)
    assert np.isfinite(steps.alpha_fwd).all()
    assert np.isfinite(steps.alpha_fb).all()
    assert np.isfinite(steps.y).all()
