"""The frame of the constructions: channels and slots by name, networks that run, derive, save and load."""

import numpy as np
import pytest

from sessa_ref.config import SessaConfig
from sessa_ref.constructions import ONE, Adapter, Block, Channels, Network
from sessa_ref.parameters import SessaParameters


def random_network(width: int = 4, blocks: int = 3) -> Network:
    rng = np.random.default_rng(0)
    named = [(f"block {n}", SessaParameters.random(SessaConfig.paper(width), rng)) for n in range(blocks)]
    embed = Adapter.linear(rng.standard_normal((width, 2)), rng.standard_normal(width))
    return Network.of(named, embed=embed, unembed=Adapter.linear(rng.standard_normal((3, width))), notes={"k": 2})


def test_derivatives_agree_forward_backward_and_with_differences():
    network, rng = random_network(), np.random.default_rng(1)
    x, dx, dy = rng.standard_normal((5, 2)), rng.standard_normal((1, 5, 2)), rng.standard_normal((5, 3))
    forward = float(np.sum(network.derivative(x, dx)[0] * dy))
    assert forward == pytest.approx(float(np.sum(network.vjp(x, dy) * dx[0])), rel=1e-12)
    step = 1e-6
    difference = (network(x + step * dx[0]) - network(x - step * dx[0])) / (2 * step)
    assert forward == pytest.approx(float(np.sum(difference * dy)), rel=1e-6)


def test_a_file_holds_the_whole_network(tmp_path):
    network = random_network()
    network.save(tmp_path / "network.safetensors")
    again = Network.load(tmp_path / "network.safetensors")
    x = np.random.default_rng(2).standard_normal((5, 2))
    assert again.blocks == network.blocks
    assert (again.names, again.notes) == (network.names, network.notes)
    assert np.array_equal(again(x), network(x))


def test_a_layer_is_no_network(tmp_path):
    random_network().blocks[0].save(tmp_path / "layer.safetensors")
    with pytest.raises(ValueError, match="holds no network"):
        Network.load(tmp_path / "layer.safetensors")


def test_channels_lie_along_any_orthonormal_directions():
    channels = Channels.random(7, ["sig", "pos"], seed=3)
    assert channels["sig"] @ channels["pos"] == pytest.approx(0, abs=1e-15)
    weight, bias = channels.affine({"sig": 2.0, ONE: 3.0})
    assert weight @ channels["sig"] + bias == pytest.approx(5)
    with pytest.raises(ValueError, match="orthonormal"):
        Channels(2, ["sig", "pos"], np.ones((2, 2)))
    with pytest.raises(ValueError, match="width"):
        Channels(1, ["sig", "pos"])


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
    assert np.allclose(channels.read("sig", network(x)), sig * (1 + mean), atol=1e-13)
    assert np.allclose(channels.read("aux", network(x)), channels.read("aux", x), atol=1e-13)


def test_a_gain_of_one_is_refused():
    block = Block(Channels(2, ["sig"]), "integrator")
    with pytest.raises(ValueError, match="integrator"):
        block.gain(1.0)
