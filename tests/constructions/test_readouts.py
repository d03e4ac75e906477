import numpy as np
import pytest

from sessa_ref.constructions import Network, targets
from sessa_ref.constructions.causal_maps import CausalMap
from sessa_ref.constructions.encoding import adapters, channels_for, ideal_state
from sessa_ref.constructions.readouts import Samples, direct, next_, recursive
from tests.rounding import bound


def given(function, T, d, rng, tolerance=0.05, n=600):
    channels = channels_for(T, d, [next_(i) for i in range(d)], 32)
    target = CausalMap.of(function, T, d)
    x = target.sample(n, rng)
    return Samples(channels, x, target(x), target.dependence(rng), tolerance, (4, 8), rng, lambda step: None)


@pytest.mark.parametrize("readout", [direct, recursive])
def test_a_readout_of_ideal_states(readout, rng):
    """A recursion of two steps hands the error of the first one on, times the second one's Lipschitz constant."""
    samples = given(targets.running_maximum, 2, 1, rng)
    found = readout(samples)
    network = Network.of(found.blocks, unembed=adapters(samples.channels, 1)[1])
    states = ideal_state(samples.channels, 2, 1, samples.x)
    steps = 1 if readout is recursive else 0
    allowed = found.error * (1 + steps * found.lipschitz) + bound(network, states, draws=2)
    assert np.all(np.abs(network(states) - samples.y) <= allowed)
    assert found.error < 0.05
    assert found.units >= 4


def test_no_recursion_is_made_up(rng):
    def product_with_the_first(x):
        return x * x[..., :1, :]

    assert recursive(given(product_with_the_first, 3, 1, rng, tolerance=0.01)) is None
