import numpy as np
import pytest

from sessa_ref.constructions import targets
from sessa_ref.constructions.causal_maps import CausalMap

TARGETS = (
    targets.running_mean,
    targets.running_maximum,
    targets.parity,
    targets.delayed_xor,
    targets.position_of_largest,
)


@pytest.mark.parametrize("function", TARGETS)
@pytest.mark.parametrize("d", [1, 2])
def test_the_targets_are_causal(function, d):
    target = CausalMap.of(function, 5, d)
    assert target.batched


def test_values_by_hand():
    x = np.array([0.0, 1.0, -1.0, 1.0])[:, None]
    assert targets.running_mean(x)[:, 0].tolist() == [0, 0.5, 0, 0.25]
    assert targets.running_maximum(x)[:, 0].tolist() == [0, 1, 1, 1]
    assert targets.parity(x[1:])[:, 0].tolist() == [1, -1, -1]
    assert targets.delayed_xor(x[1:])[:, 0].tolist() == [1, -1, 1]
    assert targets.position_of_largest(x)[:, 0].tolist() == [0, 0.25, 0.25, 0.25]


def test_a_random_network_is_causal_and_repeatable(rng):
    x = rng.uniform(-1, 1, (3, 4, 2))
    function = targets.random_network(4, 2, seed=1)
    assert np.array_equal(function(x), targets.random_network(4, 2, seed=1)(x))
    assert CausalMap.of(function, 4, 2).batched
