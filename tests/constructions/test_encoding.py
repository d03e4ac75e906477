import numpy as np
import pytest

from sessa_ref.constructions.encoding import adapters, at, channels_for, encoder, ideal_state
from tests.rounding import assert_equal_but_for_rounding, bound


@pytest.mark.parametrize(("T", "d"), [(1, 1), (2, 1), (5, 2), (8, 1)])
def test_the_encoder_reaches_the_ideal_state(T, d, rng):
    channels = channels_for(T, d)
    x = rng.uniform(-1, 1, (10, T, d))
    assert_equal_but_for_rounding(encoder(channels, T, d), x, ideal_state(channels, T, d, x))


def test_unembed_undoes_embed(rng):
    embed, unembed = adapters(channels_for(3, 2), 2)
    x = rng.normal(size=(4, 3, 2))
    np.testing.assert_array_equal(unembed(embed(x)), x)


def test_without_feedback_constant_sequences_give_constant_outputs(rng):
    channels = channels_for(5, 1)
    x = np.broadcast_to(rng.uniform(-1, 1, (6, 1, 1)), (6, 5, 1))
    network = encoder(channels, 5, 1, gain=0.0)
    state, rounding = network(x), bound(network, x)
    assert np.all(np.abs(state - state[:, :1]) <= rounding + rounding[:, :1]), "so that F(x)_t = t is out of reach"
    assert rounding.max() < 1e-6, "the bound is no excuse: t is of size 1"


def test_there_is_a_channel_for_each_position():
    channels = channels_for(3, 2, ["more"])
    assert {at(0), at(1), at(2), "more"} <= set(channels.names)
    assert channels_for(3, 2, width=40).width == 40
