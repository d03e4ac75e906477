import numpy as np
import pytest

from sessa_ref.constructions import ONE, Channels
from tests.rounding import near


def test_channels_lie_along_any_orthonormal_directions():
    channels = Channels.random(7, ["sig", "pos"], seed=3)
    assert abs(channels["sig"] @ channels["pos"]) <= 7 * 2.0**-52, "a sum of 7 products of numbers below 1"
    weight, bias = channels.affine({"sig": 2.0, ONE: 3.0})
    # the same sum; QR's directions have the length 1 within some 7 x 7 roundings
    assert weight @ channels["sig"] + bias == near(5, 7 * 7 + 7 + 2)


def test_what_is_refused():
    with pytest.raises(ValueError, match="orthonormal"):
        Channels(2, ["sig", "pos"], np.ones((2, 2)))
    with pytest.raises(ValueError, match="width"):
        Channels(1, ["sig", "pos"])
    with pytest.raises(ValueError, match="different names"):
        Channels(2, ["sig", "sig"])
    with pytest.raises(KeyError, match="no channel 'aux'"):
        Channels(2, ["sig"])["aux"]
