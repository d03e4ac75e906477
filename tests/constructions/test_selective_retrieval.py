"""The network of Theorem 12 meets its claim; small sizes."""

import numpy as np
import pytest

from sessa_ref.constructions import Channels
from sessa_ref.constructions.selective_retrieval import NAMES, margins, selective_retrieval
from sessa_ref.constructions.transport import kernel, perturbed_kernel, rounding
from tests.constructions.twelve_tokens import CHANNELS, assert_met


@pytest.mark.parametrize(("k", "beta", "target"), [(1, 0.25, 0), (2, 0.5, 2), (3, 0.75, 1)])
def test_selective_retrieval_along_any_directions(k, beta, target):
    channels = Channels.random(9, NAMES, seed=k)
    built = selective_retrieval(k, beta, 16, target=target, channels=channels)
    x = np.random.default_rng(k).standard_normal((2, target + 17, 9))
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    assert len(built.network.blocks) == 11 + 2 * k
    assert_met(built, x)


def test_large_changes_of_the_signal_give_the_same_scores():
    built = selective_retrieval(2, 0.5, 16, target=2)
    x = np.random.default_rng(1).uniform(-0.3, 0.3, (19, 7))
    scores = kernel(built.network, CHANNELS, x)
    largest = max(float(np.abs(steps.y).max()) for steps in built.network.traces(x))
    for size in (0.1, 100.0):
        moved = perturbed_kernel(built.network, CHANNELS, x, [0, 2], size)
        bound = 2 * rounding(built.network, 19) * max(largest, 100) * max(1 / size, 1)
        assert bound < 1e-6, "so that the comparison has teeth"
        assert np.abs(moved - scores[:, [0, 2]]).max() <= bound


def test_the_margin_does_not_fade_and_does_without_feedback():
    built = selective_retrieval(2, 0.5, 64, target=0)
    x = np.random.default_rng(2).uniform(-0.3, 0.3, (65, 7))
    lasting = margins(kernel(built.network, CHANNELS, x), 0)
    assert np.min(lasting) > 0.6 * np.max(lasting) > 0
    fading = margins(kernel(built.network.without_feedback(["diffuse sig"]), CHANNELS, x), 0)
    assert fading[-1] < 0.2 * lasting[-1]
    nothing = margins(kernel(built.network.without_feedback(), CHANNELS, x), 0)
    assert np.min(nothing) < 1e-3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"k": 0}, "k must"), ({"beta": 1.0}, "beta must"), ({"horizon": 0}, "horizon"), ({"target": -1}, "target time")],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        selective_retrieval(**({"k": 1, "beta": 0.5, "horizon": 4} | arguments))
