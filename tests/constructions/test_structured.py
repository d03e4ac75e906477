import pytest

from sessa_ref.constructions import targets
from sessa_ref.constructions.causal_maps import CausalMap
from sessa_ref.constructions.structured import STRUCTURED
from tests.rounding import assert_equal_but_for_rounding


@pytest.mark.parametrize("name", STRUCTURED)
@pytest.mark.parametrize(("T", "d"), [(1, 1), (2, 2), (4, 1)])
def test_by_hand(name, T, d, rng):
    built = STRUCTURED[name](T, d)
    x = CausalMap.of(getattr(targets, name), T, d).sample(64, rng)
    for one in built.claim.measure(x):
        assert one.holds, one


def test_the_mean_needs_one_block_at_every_length(rng):
    network = STRUCTURED["running_mean"](300, 1).network
    assert len(network.blocks) == 1
    x = rng.uniform(-1, 1, (2, 300, 1))
    assert_equal_but_for_rounding(network, x, targets.running_mean(x))
