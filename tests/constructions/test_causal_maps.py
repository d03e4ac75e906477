import numpy as np
import pytest

from sessa_ref.constructions import targets
from sessa_ref.constructions.causal_maps import CausalMap, NotCausalError, sup_error
from tests.rounding import roundings


def test_a_map_of_single_sequences_of_numbers():
    target = CausalMap.of(lambda x: np.cumsum(x[:, 0]), 4)
    assert not target.batched
    assert target(np.ones((2, 4, 1)))[1, :, 0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("shift", [1, 3])
def test_a_look_ahead_is_found_and_shown(shift):
    with pytest.raises(NotCausalError, match=r"agree up to t = \d, but F has the values .* at t = "):
        CausalMap.of(lambda x: x + 1e-5 * np.roll(x, -shift, axis=-2), 5)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x[:-1], "shape"),
        (lambda x: np.where(x > -2, np.inf, x), "finite"),
        (lambda x: np.array("a"), "numbers"),
        (lambda x: x + np.random.default_rng().random(), "different values"),
    ],
)
def test_bad_maps(function, message):
    with pytest.raises(ValueError, match=message):
        CausalMap.of(function, 3)


@pytest.mark.parametrize(
    ("T", "d", "domain"), [(0, 1, (-1.0, 1.0)), (2, 0, (-1.0, 1.0)), (2, 1, (1.0, 1.0)), (2, 1, (0.0, np.inf))]
)
def test_bad_sizes(T, d, domain):
    with pytest.raises(ValueError, match=r"length|interval"):
        CausalMap.of(targets.running_mean, T, d, domain)


def test_the_search_finds_what_samples_miss(rng):
    target = CausalMap.of(targets.running_mean, 3)

    def wrong(x):  # a narrow cone around one input
        away = np.abs(x - 0.3).max(axis=(1, 2), keepdims=True)
        return targets.running_mean(x) + np.maximum(0, 1 - away)

    found = sup_error(target, wrong, rng, 200, 40)
    assert found["sampled"] < 0.95 < 0.99 < found["searched"] <= 1
    np.testing.assert_allclose(found["worst"], 0.3, rtol=0, atol=0.01)  # the cone's value there is at least 0.99


def test_dependence(rng):
    found = CausalMap.of(targets.delayed_xor, 4, 2).dependence(rng)
    for t, i, j, k in np.ndindex(found.shape):
        assert found[t, i, j, k] == (i == k and j in (t, t - targets.DELAY))


def test_steepness(rng):
    change, distance = CausalMap.of(lambda x: np.sign(x), 2).steepest(rng)
    assert change >= 1
    assert distance <= 2 * 2.0**-36 + roundings(36)  # the width of the box, halved 36 times
    change, distance = CausalMap.of(targets.running_mean, 2).steepest(rng)
    assert change <= distance + roundings(2 * 2)  # means of two numbers up to 1
