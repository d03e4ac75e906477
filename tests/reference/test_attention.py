import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.config import SessaConfig
from sessa_ref.reference import attention, rotary

UNIT = 2.0**-53


@st.composite
def queries_and_keys(draw):
    T, width = draw(st.integers(0, 20)), draw(st.integers(1, 5))
    scale = draw(st.sampled_from([0.0, 1.0, 1e3, 1e150]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    return tuple(scale * generator.normal(size=(2, T, width)) for _ in range(2))


@pytest.mark.parametrize("visible_set", [attention.past_and_present, attention.strict_past])
@given(qk=queries_and_keys())
def test_rows_are_distributions_over_what_is_visible(visible_set, qk):
    q, k = qk
    visible = visible_set(q.shape[-2])
    alpha = attention.attention_weights(q, k, visible)
    assert np.all(alpha[..., ~visible] == 0)
    assert np.all(alpha >= 0)
    seen = visible.any(axis=-1)
    n = q.shape[-2] + 2
    assert np.all(np.abs(alpha.sum(axis=-1)[..., seen] - 1) <= 2 * n * UNIT)
    assert np.all(alpha[..., ~seen, :] == 0)


def test_first_row_of_the_strict_past_is_zero_and_the_second_is_one():
    alpha = attention.attention_weights(np.ones((3, 2)), np.ones((3, 2)), attention.strict_past(3))
    assert alpha.tolist() == [[0, 0, 0], [1, 0, 0], [0.5, 0.5, 0]]


def test_weights_by_hand():
    """Logits 0 and ln 3 give 1/4 and 3/4; width 4, so the scale is 1/2."""
    q = np.array([[0.0, 0, 0, 0], [2 * np.log(3), 0, 0, 0]])
    k = np.array([[0.0, 0, 0, 0], [1, 0, 0, 0]])
    alpha = attention.attention_weights(q, k, attention.past_and_present(2))
    assert np.allclose(alpha, [[1, 0], [0.25, 0.75]], rtol=0, atol=8 * UNIT)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_later_tokens_do_not_touch_earlier_rows(bad):
    generator = np.random.default_rng(0)
    q, k, v = generator.normal(size=(3, 6, 4))
    spoiled = [array.copy() for array in (q, k, v)]
    for array in spoiled:
        array[4] = bad
    visible = attention.past_and_present(6)
    clean = attention.causal_sum(attention.attention_weights(q, k, visible), v)
    with np.errstate(invalid="ignore"):
        alpha = attention.attention_weights(spoiled[0], spoiled[1], visible)
        result = attention.causal_sum(alpha, spoiled[2])
    assert np.array_equal(result[:4], clean[:4])
    assert not np.isfinite(result[4:]).any()


def test_query_heads_share_groups_consecutively():
    z = np.arange(2.0).reshape(2, 1, 1)
    assert attention.share_groups(z, 6)[:, 0, 0].tolist() == [0, 0, 0, 1, 1, 1]


def test_heads_are_consecutive_features():
    z = np.arange(12.0).reshape(2, 6)
    heads = attention.split_heads(z, 3)
    assert heads[1].tolist() == [[2, 3], [8, 9]]
    assert np.array_equal(attention.merge_heads(heads), z)


class TestRotary:
    config = SessaConfig(width=8, query_width=6)

    def angles(self, positions, **change):
        config = SessaConfig(width=8, query_width=6, **change)
        return rotary.angles(config, np.asarray(positions, dtype=np.float64))

    def test_frequencies(self):
        theta = self.angles([0, 1, 10])
        expected = np.array([1, 10000 ** (-1 / 3), 10000 ** (-2 / 3)])
        assert np.allclose(theta[1], expected, rtol=8 * UNIT, atol=0)
        assert np.all(theta[0] == 0)
        assert np.allclose(theta[2], 10 * expected, rtol=8 * UNIT, atol=0)

    def test_base(self):
        assert np.allclose(self.angles([1], rope_base=8.0), [1, 0.5, 0.25], rtol=8 * UNIT, atol=0)

    def test_pairs_are_neighbours(self):
        turned = rotary.rotate(np.array([[1.0, 0, 1, 0, 0, 1]]), np.array([[np.pi / 2, 0, np.pi / 2]]))
        assert np.allclose(turned, [[0, 1, 1, 0, -1, 0]], atol=2 * UNIT)

    @given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
    def test_products_depend_on_the_distance_alone(self, i, j, shift):
        """Angles up to 10^3 are off by 10^3 roundings, hence products by that times their size."""
        generator = np.random.default_rng(1)
        q, k = generator.normal(size=(2, 1, 6))

        def product(m, n):
            return np.sum(rotary.rotate(q, self.angles([m])) * rotary.rotate(k, self.angles([n])))

        size = np.linalg.norm(q) * np.linalg.norm(k)
        assert abs(product(i, j) - product(i + shift, j + shift)) <= 16 * 1000 * UNIT * size

    def test_inverse(self):
        z, theta = np.random.default_rng(0).normal(size=(2, 5, 6)), self.angles(range(5))
        back = rotary.rotate(rotary.rotate(z, theta), -theta)
        assert np.all(np.abs(back - z) <= 8 * UNIT * np.abs(z).max())

    def test_float32_frequencies(self):
        exact, rounded = self.angles([1, 1000]), self.angles([1, 1000], rotary_dtype="float32")
        assert np.array_equal(rounded[0].astype(np.float32), rounded[0])
        # one rounding of the frequency, and one of the exponent, which counts ln(base) times
        assert np.all(np.abs(rounded - exact) <= 2.0**-24 * (1 + np.log(10000)) * exact)
        assert np.any(rounded != exact)
