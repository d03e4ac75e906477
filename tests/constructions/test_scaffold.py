import numpy as np
import pytest

from sessa_ref.constructions.scaffold import block_on_scaffold, on_scaffold, papers_size, scaffold
from sessa_ref.constructions.structured import running_maximum
from tests.rounding import bound


def test_a_scaffold_of_width_2(rng):
    network = running_maximum(3, 2).network
    x = rng.uniform(-1, 1, (50, 3, 2))
    y = network(x)
    errors = [np.abs(on_scaffold(network, 2, size)(x) - y).max() for size in (1e2, 1e3, 1e4)]
    # like 1/c^2, with the next power of 1/c: a tenth is far more than that, and tells 1/c^2 from 1/c and 1/c^3
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.1)
    assert errors[2] == pytest.approx(errors[1] / 100, rel=0.1)
    falls = errors[0] * (1e2 / 1e6) ** 2  # like 1/c^2, and rounding at the size of the scaffold
    assert np.abs(on_scaffold(network)(x) - y).max() < 2 * falls + bound(on_scaffold(network), x).max()
    wide = on_scaffold(network, 64, papers_size(network.width, 64, 0.1), restore_mean=False)
    assert np.abs(wide(x) - y).max() > 1e-3, "the paper's recipe is slower"


def test_the_scaffold_stays(rng):
    network = running_maximum(2).network
    block = block_on_scaffold(network.blocks[0], 4, 10.0)
    assert block.config.norm == "layernorm"
    assert not block["W_out.weight"][network.width :].any()
    assert scaffold(4, 10.0).tolist() == [10, 10, -10, -10]
    with pytest.raises(ValueError, match="Norm = Id"):
        block_on_scaffold(block)
    with pytest.raises(ValueError, match="even width"):
        scaffold(3, 1.0)
