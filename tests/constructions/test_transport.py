import numpy as np

from sessa_ref.constructions import Block, Channels, Network
from sessa_ref.constructions.channels import ONE
from sessa_ref.constructions.transport import (
    exact_transport,
    kernel,
    nothing_else,
    passes_alone,
    perturbed_kernel,
    rounding,
)
from tests.rounding import LIBRARY, near

CHANNELS = Channels(4, ["sig", "pos", "aux"])
X = np.random.default_rng(0).uniform(-1, 1, (5, 4))


def mean_of_sig(leak: float = 0.0, gain: float = 0.0) -> Network:
    """Adds the mean of sig so far to sig, and a share of it to aux."""
    block = Block(CHANNELS, "mean")
    block.gain(gain)
    block.track("mean", value=block.channel("sig"), gate={ONE: 1.0}, to={"sig": 1.0, "aux": leak})
    return Network.of([("mean", block.build())])


def bent(size: float) -> Network:
    """Adds size times the mean of GELU(sig)."""
    block = Block(CHANNELS, "bent")
    block.track("mean", value=dict.fromkeys(block.a_slot("u", {"sig": 1.0}), size), gate={ONE: 1.0}, to={"sig": 1.0})
    return Network.of([("bent", block.build())])


def test_the_kernel_of_a_running_mean():
    wanted = np.eye(5) + np.tril(np.ones((5, 5))) / np.arange(1, 6)[:, None]
    error = np.abs(kernel(mean_of_sig(), CHANNELS, X) - wanted)
    assert error.max() <= 2 * rounding(mean_of_sig(), 5)
    moved = perturbed_kernel(mean_of_sig(), CHANNELS, X, [1, 3], 100.0)
    assert np.abs(moved - wanted[:, [1, 3]]).max() <= 2 * rounding(mean_of_sig(), 5)


def test_transport_is_exact_or_not():
    network = mean_of_sig(gain=0.9)
    scores = kernel(network, CHANNELS, X)
    assert exact_transport(network, CHANNELS, X, scores).holds
    assert not exact_transport(network, CHANNELS, X, scores * (1 + 1e-10)).holds
    assert not exact_transport(bent(1e-10), CHANNELS, X, kernel(bent(1e-10), CHANNELS, X)).holds


def test_other_channels_stay_or_not():
    assert nothing_else(mean_of_sig(), CHANNELS, X[None], ["pos", "aux"]).holds
    assert not nothing_else(mean_of_sig(leak=1e-10), CHANNELS, X[None], ["pos", "aux"]).holds


def test_a_signal_passes_alone_or_not():
    block = Block(CHANNELS, "position writer")
    block.track("write", value=block.one(), gate={ONE: 1.0}, to={"pos": 1.0})
    writer = Network.of([("write", block.build())])
    assert passes_alone(writer, CHANNELS, X, 2, ["pos", "aux"], 2.0).holds
    assert not passes_alone(mean_of_sig(leak=1e-10), CHANNELS, X, 2, ["pos", "aux"], 2.0).holds


def test_a_gain_close_to_1_passes_rounding_on():
    assert rounding(mean_of_sig(gain=0.5), 5) == near(2 * rounding(mean_of_sig(), 5), 3 * LIBRARY)  # tanh of arctanh
    assert rounding(mean_of_sig(gain=0.5), 5, solved=False) == rounding(mean_of_sig(), 5)
