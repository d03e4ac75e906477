import numpy as np
import pytest

from sessa_ref.config import SessaConfig
from sessa_ref.constructions import Adapter, Network
from sessa_ref.parameters import SessaParameters
from tests.rounding import bound, central_difference


def random_network(width: int = 4, blocks: int = 3) -> Network:
    rng = np.random.default_rng(0)
    named = [(f"block {n}", SessaParameters.random(SessaConfig.paper(width), rng)) for n in range(blocks)]
    embed = Adapter.linear(rng.standard_normal((width, 2)), rng.standard_normal(width))
    return Network.of(named, embed=embed, unembed=Adapter.linear(rng.standard_normal((3, width))), notes={"k": 2})


def test_derivatives_agree_forward_backward_and_with_differences():
    network, rng = random_network(), np.random.default_rng(1)
    x, dx, dy = rng.standard_normal((5, 2)), rng.standard_normal((1, 5, 2)), rng.standard_normal((5, 3))

    def backward(tokens):
        return np.sum(network.vjp(tokens, dy) * dx[0])[None]

    forward = float(np.sum(network.derivative(x, dx)[0] * dy))
    rounding = float(bound(backward, x)[0])
    assert abs(forward - backward(x)[0]) <= 2 * rounding
    assert rounding < 1e-12 * abs(forward), "so that the comparison has teeth"
    other = float(np.sum(network.derivative(x + 1e-9, dx)[0] * dy))
    assert abs(other - forward) > 2 * rounding, "the bound would see an input that is off by 1e-9"

    def output(tokens):
        return np.array([np.sum(network(tokens) * dy)])

    difference, allowed = central_difference(lambda s: output(x + s * dx[0]), 2.0**-13, bound(output, x)[0])
    assert allowed < 1e-8 * abs(forward), "so that the comparison has teeth"
    assert abs(forward - difference[0]) <= allowed + 2 * rounding


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


def test_what_cannot_be_joined():
    network = random_network()
    with pytest.raises(ValueError, match="without adapters"):
        network.then(network)
    with pytest.raises(ValueError, match="a name each"):
        Network(network.blocks, ("one",))
