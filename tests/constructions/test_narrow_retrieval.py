import numpy as np
import pytest

from sessa_ref.constructions.narrow_retrieval import narrow_retrieval
from tests.constructions.twelve_tokens import assert_met


@pytest.mark.parametrize(("k", "beta", "target"), [(1, 0.5, 0), (2, 0.25, 3)])
def test_four_channels_are_enough(k, beta, target):
    built = narrow_retrieval(k, beta, 16, target=target)
    assert built.network.width == 4
    assert len(built.network.blocks) == 8 + 2 * k
    assert built.network.notes["T"] == target + 17
    assert_met(built, np.random.default_rng(k).uniform(-0.5, 0.5, (1, target + 17, 4)))


def test_arguments_out_of_range():
    with pytest.raises(ValueError, match="beta must"):
        narrow_retrieval(1, 1.5, 16)
