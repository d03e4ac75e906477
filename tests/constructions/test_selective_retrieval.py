"""The blocks of Appendix K and the network of Theorem 12 meet their claims; small sizes."""

import numpy as np
import pytest

from sessa_ref.constructions import Channels
from sessa_ref.constructions.active_transport import active_transport
from sessa_ref.constructions.exponents import fit_exponent
from sessa_ref.constructions.macro_layer import macro_layer
from sessa_ref.constructions.multiplier import local_multiplier, selector
from sessa_ref.constructions.narrow_retrieval import narrow_retrieval
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.profile import integrator, profile, tail
from sessa_ref.constructions.reset import reset, zero_writer
from sessa_ref.constructions.selective_retrieval import NAMES, margins, selective_retrieval
from sessa_ref.constructions.transport import kernel, perturbed_kernel
from sessa_ref.constructions.window import window_writer
from sessa_ref.theory import selective_retrieval as theory

T = 12
CODES = OrderedCodes.written(T, 1.0)
CHANNELS = Channels(7, NAMES)

BUILT = {
    "window": window_writer(CHANNELS, CODES, 3, 0.01),
    "multiplier": local_multiplier(CHANNELS, CODES, 1.0, 0.01),
    "selector": selector(CHANNELS, CODES, 2, 0.01),
    "zero": zero_writer(CHANNELS, "prof"),
    "reset": reset(CHANNELS, ("aux", "src", "tgt")),
    "transport": active_transport(CHANNELS, CODES, 0.5),
    "transport without the signal": active_transport(CHANNELS, CODES, 0.25, keep=False),
    "tail": tail(CHANNELS, CODES, 0.75),
    "profile": profile(CHANNELS, CODES, 0.25),
    "true profile": profile(CHANNELS, CODES, 0.5, damping=1024.0, keep=False),
}


@pytest.mark.parametrize("name", BUILT)
def test_a_block_meets_its_claim(name):
    network, claim = BUILT[name]
    for one in claim.measure(CODES.tokens(CHANNELS, 2, 1.0)):
        assert one.holds, str(one)
    assert network.width == 7


def test_the_macro_layer_on_a_profile():
    x = CODES.tokens(CHANNELS, 2, 1.0)
    written = profile(CHANNELS, CODES, 0.5).network(x)
    for one in macro_layer(CHANNELS, CODES, 0.5, theory.profile_bounds(0.5)).claim.measure(written):
        assert one.holds, str(one)


def test_the_integrator_on_a_tail():
    x = tail(CHANNELS, CODES, 0.5).network(zero_writer(CHANNELS, "prof").network(CODES.tokens(CHANNELS, 2, 1.0)))
    for one in integrator(CHANNELS, CODES, 0.5).claim.measure(x):
        assert one.holds, str(one)


@pytest.mark.parametrize(("k", "beta", "target"), [(1, 0.25, 0), (2, 0.5, 2), (3, 0.75, 1)])
def test_selective_retrieval_along_any_directions(k, beta, target):
    channels = Channels.random(9, NAMES, seed=k)
    built = selective_retrieval(k, beta, 16, target=target, channels=channels)
    x = np.random.default_rng(k).standard_normal((2, target + 17, 9))
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    assert len(built.network.blocks) == 11 + 2 * k
    for one in built.claim.measure(x):
        assert one.holds, str(one)


@pytest.mark.parametrize(("k", "beta", "target"), [(1, 0.5, 0), (2, 0.25, 3)])
def test_four_channels_are_enough(k, beta, target):
    built = narrow_retrieval(k, beta, 16, target=target)
    x = np.random.default_rng(k).uniform(-0.5, 0.5, (1, target + 17, 4))
    assert built.network.width == 4
    assert len(built.network.blocks) == 8 + 2 * k
    for one in built.claim.measure(x):
        assert one.holds, str(one)


def test_large_changes_of_the_signal_give_the_same_scores():
    built = selective_retrieval(2, 0.5, 16, target=2)
    x = np.random.default_rng(1).uniform(-0.3, 0.3, (19, 7))
    scores = kernel(built.network, CHANNELS, x)
    for size in (0.1, 100.0):
        assert np.allclose(perturbed_kernel(built.network, CHANNELS, x, [0, 2], size), scores[:, [0, 2]], atol=1e-12)


def test_the_margin_does_not_fade_and_does_without_feedback():
    built = selective_retrieval(2, 0.5, 64, target=0)
    x = np.random.default_rng(2).uniform(-0.3, 0.3, (65, 7))
    lasting = margins(kernel(built.network, CHANNELS, x), 0)
    assert np.min(lasting) > 0.6 * np.max(lasting) > 0
    fading = margins(kernel(built.network.without_feedback(["diffuse sig"]), CHANNELS, x), 0)
    assert fading[-1] < 0.2 * lasting[-1]
    nothing = margins(kernel(built.network.without_feedback(), CHANNELS, x), 0)
    assert np.min(nothing) < 1e-3


def test_the_exponent_is_found():
    t = 1.0 + np.arange(1, 513)
    fitted = fit_exponent(3 * t**-0.25 * (1 + 2 * t**-0.5 + t**-1.0), 0.5)
    assert abs(fitted.value + 0.25) <= 2 * fitted.error < 0.05
    with pytest.raises(ValueError, match="needs 128 positive margins"):
        fit_exponent(t[:50], 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"k": 0}, "k must"), ({"beta": 1.0}, "beta must"), ({"horizon": 0}, "horizon"), ({"target": -1}, "target time")],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        selective_retrieval(**({"k": 1, "beta": 0.5, "horizon": 4} | arguments))
