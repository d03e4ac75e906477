import numpy as np
import pytest

from sessa_ref.constructions import Block, Channels
from sessa_ref.constructions.focusing import (
    focus_on_itself,
    focus_on_predecessor,
    focusing_scale,
    off_diagonal_mass,
    off_predecessor_mass,
)
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.reference import layer
from tests.rounding import LIBRARY, near

T = 10
CODES = OrderedCodes.written(T, 1.0)
CHANNELS = Channels(4, ["sig", "pos"])


@pytest.mark.parametrize("off_mass", [0.5, 1e-3, 1e-9])
def test_mass_is_where_it_should_be(off_mass):
    block = Block(CHANNELS, "both")
    focus_on_predecessor(block, CODES, off_mass)
    focus_on_itself(block, CODES, off_mass)
    for x in CODES.tokens(CHANNELS, 20, 1.0):
        steps = layer.trace(block.build(), x)
        assert off_diagonal_mass(steps.alpha_fwd[0]) <= off_mass
        assert off_predecessor_mass(steps.alpha_fb) <= off_mass


def test_a_smaller_scale_is_not_enough():
    block = Block(CHANNELS, "predecessor")
    focus_on_predecessor(block, CODES, 1e-9)
    less = block.build().replace({"mixer.proj_fb.weight": 0.5 * block.arrays["mixer.proj_fb.weight"]})
    x = CODES.tokens(CHANNELS, 20, 1.0)
    assert max(off_predecessor_mass(layer.trace(less, one).alpha_fb) for one in x) > 1e-9


def test_the_scale_is_the_least_for_equal_gaps():
    scale, gap, mu = focusing_scale(0.5, 7, 0.01), 0.5, 0.01
    logit = scale**2 * gap / np.sqrt(2)
    # the logit, log(7 * 99) < 7, is made of logarithms and roots, and exp makes its error relative
    assert 7 * np.exp(-logit) == near(mu / (1 - mu), 7 * (2 * LIBRARY + 8) + LIBRARY + 4)
    assert focusing_scale(0.5, 0, 0.01) == 1.0, "one token has nothing to be told from"
    assert focusing_scale(np.inf, 7, 0.01) == 1.0
