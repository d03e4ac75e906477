import numpy as np
import pytest

from sessa_ref.config import SessaConfig
from sessa_ref.influence.ball_bounds import ball_bound
from sessa_ref.influence.worst_inputs import largest_output, lengths, worst_input
from sessa_ref.parameters import SessaParameters
from tests.rounding import near, roundings


@pytest.mark.parametrize("T", [1, 5, 70])
@pytest.mark.parametrize("config", [SessaConfig.paper(3), SessaConfig.published(4, 2)])
def test_search_beats_random_inputs_and_stays_inside(config, T):
    parameters, told = SessaParameters.random(config, 5), []
    found = worst_input(parameters, 2.0, T, starts=2, steps=4, done=told.append)
    x = np.random.default_rng(1).normal(size=(50, T, config.width))
    x *= 2.0 / np.linalg.norm(x, axis=-1, keepdims=True)
    assert found.x.shape == (T, config.width)
    assert np.linalg.norm(found.x, axis=-1).max() <= 2 * (1 + roundings(2 * (config.width + 2)))  # two norms
    assert all(largest_output(parameters, one) <= found.output for one in x)
    assert found.output == largest_output(parameters, found.x)
    assert found.output <= ball_bound(parameters, 2.0, T).sharper.output
    assert len(told) == 4 + lengths(T)
    assert found.tried >= 4


def test_search_finds_a_known_worst_input():
    """Without a block, y = x + b: the worst token points where b does. Each step leaves 2/7 of the angle, to first order."""
    parameters = SessaParameters.random(SessaConfig.paper(3))
    parameters = parameters.replace({"W_out.weight": np.zeros((3, 3)), "W_out.bias": np.array([3.0, 4.0, 0.0])})
    assert worst_input(parameters, 2.0, 4, starts=1, steps=20).output == near(7, 16)  # (2/7)^40 is far below


@pytest.mark.parametrize(("changed", "match"), [({"R": 0.0}, "R must"), ({"T": 0}, "T must"), ({"steps": 0}, "steps")])
def test_wrong_arguments(changed, match):
    with pytest.raises(ValueError, match=match):
        worst_input(SessaParameters.random(SessaConfig.paper(2)), **({"R": 1.0, "T": 3} | changed))


def test_overflow_is_told():
    with pytest.raises(ValueError, match="so large that the layer overflows"):
        worst_input(SessaParameters.random(SessaConfig.paper(2)), 1e300, 3)
