import numpy as np
import pytest

from sessa_ref.constructions import Block, Channels, Network
from tests.rounding import assert_equal_but_for_rounding


def test_slots_are_counted():
    block = Block(Channels(3, ["sig", "aux"]), "narrow")
    block.channel("aux")
    block.one()
    with pytest.raises(ValueError, match="narrow needs more a-slots than its width 3"):
        block.channel("sig")


def test_a_track_multiplies_the_mean_by_the_gate():
    block = Block(Channels.random(4, ["sig", "aux"], seed=1), "multiplier")
    block.track("product", value=block.channel("aux"), gate={"sig": 1.0}, to={"sig": 1.0})
    network, channels = Network.of([("multiplier", block.build())]), block.channels
    x = np.random.default_rng(5).standard_normal((6, 4))
    mean = np.cumsum(channels.read("aux", x)) / np.arange(1, 7)
    sig = channels.read("sig", x)
    assert_equal_but_for_rounding(network, x, x + (sig * mean)[:, None] * channels["sig"])


def test_a_gain_of_one_is_refused():
    block = Block(Channels(2, ["sig"]), "integrator")
    with pytest.raises(ValueError, match="integrator"):
        block.gain(1.0)


def test_the_rounding_bound_sees_an_error_of_a_billionth():
    block = Block(Channels(3, ["sig"]), "nothing")
    network, x = Network.of([("nothing", block.build())]), np.ones((4, 3))
    assert_equal_but_for_rounding(network, x, x)
    with pytest.raises(AssertionError, match="beyond the bound"):
        assert_equal_but_for_rounding(network, x, x + 1e-9)
