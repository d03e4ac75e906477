"""Selective retrieval with four channels and 8 + 2k blocks, where Theorem 12 has seven and its proof 11 + 2k.

Two channels are for work, used again and again: a holds the seed and then the profile, b the tail, the selector's window
and the macro-layers' source. A window is written by two blocks, its rise and its fall, so that four a-slots are enough.
"""

from sessa_ref.constructions.block import Block, Form
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.claim import Built
from sessa_ref.constructions.focusing import focus_on_itself, focus_on_predecessor
from sessa_ref.constructions.macro_layer import macro_layer
from sessa_ref.constructions.multiplier import local_multiplier
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.positions import positions
from sessa_ref.constructions.reset import reset
from sessa_ref.constructions.selective_retrieval import GAIN, ROOM, SUPPRESSION, check_arguments, noted
from sessa_ref.constructions.window import window_around
from sessa_ref.theory import selective_retrieval as theory

FOUR = ("sig", "pos", "prof", "src")
"""The channels; prof is the a and src the b of the module's text."""

DAMPING = 1024.0
"""Of the integrator: little, so that the profile is a power."""


def narrow_retrieval(
    k: int, beta: float, horizon: int, *, target: int = 0, latest: int | None = None, radius: float = 1.0
) -> Built:
    """The network at D = 4; arguments and claim are those of `selective_retrieval`.

    Raises:
        ValueError: an argument is out of its range.
    """
    latest = target if latest is None else latest
    check_arguments(k, beta, horizon, target, latest, radius)
    channels, T, ball = Channels(4, FOUR), latest + horizon + 1, max(radius, 0.25)
    codes = OrderedCodes.written(T, ball, GAIN, ROOM)
    accuracy = SUPPRESSION / (horizon + 1)
    bounds = theory.profile_bounds(beta, DAMPING, keep=False)
    network = positions(T, gamma=GAIN, radius=ball, margin=ROOM, channels=channels).network
    for step in (
        _seed(channels, codes, theory.selector_accuracy(beta, T - 1) / 3),
        _tail(channels, codes, beta),
        reset(channels, ("prof",)).network,
        _profile(channels, codes, beta),
        _window(channels, codes, target, accuracy / 12),
        local_multiplier(channels, codes, 2.0, accuracy / 4, by="src").network,
        *[macro_layer(channels, codes, beta, bounds).network] * k,
    ):
        network = network.then(step)
    return noted(network, channels, k, beta, horizon, target, latest, radius, bounds)


def _seed(channels: Channels, codes: OrderedCodes, accuracy: float) -> Network:
    """Prof becomes 1 at token 0 and 0 elsewhere, src becomes 0: the fall of a window is enough."""
    block = Block(channels, "seed at 0")
    for name in ("prof", "src"):
        block.track(f"erase {name}", value=block.one(), gate={name: 1.0}, to={name: -1.0})
    fall = _ramp(block, codes, 0, accuracy, first=2)
    block.track("write", value={**block.one(), **fall}, gate={ONE: 1.0}, to={"prof": 1.0})
    focus_on_itself(block, codes, accuracy)
    return Network.of([(block.name, block.build())])


def _tail(channels: Channels, codes: OrderedCodes, beta: float) -> Network:
    """Src becomes the solve of prof with uniform rows: the resolvent's first column."""
    block = Block(channels, "tail")
    block.gain(1 - beta)
    block.track("transport", value=block.channel("prof"), gate={ONE: 1.0}, to={"src": 1.0})
    focus_on_itself(block, codes, min(0.5, (1 - beta) * beta / (4 * codes.length)))
    return Network.of([(block.name, block.build())])


def _profile(channels: Channels, codes: OrderedCodes, beta: float) -> Network:
    """Prof becomes the sums of src."""
    off_mass = theory.integrator_off_mass(beta, theory.tail_bounds(beta, keep=False), codes.length - 1, DAMPING)
    block = Block(channels, "integrate src")
    block.gain(1 - 1 / (DAMPING * codes.length))
    block.track("integral", value=block.channel("src"), gate={ONE: 1.0}, to={"prof": 1.0})
    focus_on_predecessor(block, codes, off_mass)
    focus_on_itself(block, codes, off_mass)
    return Network.of([(block.name, block.build())])


def _window(channels: Channels, codes: OrderedCodes, target: int, accuracy: float) -> Network:
    """Src becomes 1 at the target and 0 elsewhere, by a rise and a fall."""
    rise, fall = Block(channels, f"rise at {target}"), Block(channels, f"fall behind {target}")
    rise.track("erase", value=rise.one(), gate={"src": 1.0}, to={"src": -1.0})
    rise.track("write", value=_ramp(rise, codes, target, accuracy, first=0), gate={ONE: 1.0}, to={"src": 1.0})
    fall.track("write", value=_ramp(fall, codes, target, accuracy, first=2), gate={ONE: 1.0}, to={"src": 1.0})
    for block in (rise, fall):
        focus_on_itself(block, codes, accuracy)
    return Network.of([(block.name, block.build()) for block in (rise, fall)])


def _ramp(block: Block, codes: OrderedCodes, target: int, accuracy: float, first: int) -> Form:
    """Two of a window's four ramps: its rise (first = 0) or its fall (first = 2)."""
    window = window_around(codes, target, accuracy)
    return window.form(block, ramps=slice(first, first + 2))
