"""What a block reads and writes is read off its weights."""

import numpy as np
import pytest

from proofs_checks.block_structure import ACTIVE, MACRO, departures, structure
from sessa_ref.constructions import Block, Channels, Network
from sessa_ref.constructions.active_transport import active_transport
from sessa_ref.constructions.ordered_codes import OrderedCodes

AXES = Channels(4, ("sig", "pos", "src", "tgt"))


@pytest.fixture
def network():
    return active_transport(AXES, OrderedCodes.written(4, 1.0), 0.5).network


def test_the_parts_of_a_transport_block(network):
    found = structure(network.blocks[1], AXES)
    assert found == ({"pos"}, {"src"}, set(), {"sig"})


def test_departures_are_counted_by_part(network):
    assert departures(network, AXES, ACTIVE) == [0] * 8
    assert departures(network, AXES, {1: ("", "src", "", "src")}) == [1, 0, 0, 1]
    assert departures(network, AXES, {0: MACRO[1]}) == [0, 0, 2, 1]


def test_a_gain_that_reads_a_channel_is_routing():
    block = Block(AXES, "gain")
    block.channel("tgt")
    block.arrays["mixer.gamma_ctx.weight"][..., 0] = 1.0
    assert structure(block.build(), AXES).routing == {"tgt"}


def test_other_directions_are_refused(network):
    channels = Channels.random(4, ("sig", "pos", "src", "tgt"), np.random.default_rng(0))
    with pytest.raises(ValueError, match="axes"):
        departures(Network.of([("b", network.blocks[0])]), channels, {0: ACTIVE[0]})
