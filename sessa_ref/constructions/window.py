"""The plateau window from four scaled GELUs (Lemma K.6) and the block that writes it into a channel (Lemma K.7)."""

from typing import NamedTuple

import numpy as np

from sessa_ref.constructions.block import Block, Form
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_most
from sessa_ref.constructions.focusing import focus_on_itself
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.transport import nothing_else
from sessa_ref.notation import Array
from sessa_ref.reference.tokenwise import gelu
from sessa_ref.theory.scaled_gelu import RELU_GAP


class Window(NamedTuple):
    """W(x) = (R(x - a-) - R(x - a+))/(a+ - a-) - (R(x - b-) - R(x - b+))/(b+ - b-), R(u) = GELU(L u)/L."""

    rise: tuple[float, float]
    """(a-, a+): it rises from 0 to 1 between them."""
    fall: tuple[float, float]
    """(b-, b+): it falls from 1 to 0 between them."""
    L: float

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """(corner, coefficient of R(x - corner)) of the four ramps."""
        (a0, a1), (b0, b1) = self.rise, self.fall
        return (a0, 1 / (a1 - a0)), (a1, -1 / (a1 - a0)), (b0, -1 / (b1 - b0)), (b1, 1 / (b1 - b0))

    @property
    def accuracy(self) -> float:
        """A bound on |W - w| everywhere, w the piecewise linear window: each ramp is within RELU_GAP/L of a ReLU."""
        return float(RELU_GAP / self.L * sum(abs(c) for _, c in self.corners))

    def __call__(self, x: Array) -> Array:
        """W at x."""
        return sum((c * gelu(self.L * (x - corner)) / self.L for corner, c in self.corners), np.zeros_like(x))

    def form(self, block: Block, channel: str = "pos", ramps: slice = slice(None)) -> Form:
        """W of a channel behind the activation, or some of its four ramps: an a-slot of the block for each."""
        value: dict[str, float] = {}
        for n, (corner, coefficient) in enumerate(self.corners[ramps]):
            block.a_slot(f"ramp {n}", {channel: self.L, ONE: -self.L * corner})
            value[f"ramp {n}"] = coefficient / self.L
        return value


def window_around(codes: OrderedCodes, target: int, accuracy: float) -> Window:
    """The window that is 1 on the target's interval and 0 on all others, within `accuracy` (Lemma K.6).

    The ramps take the middle half of the gaps beside the target.
    """
    low, high = codes.lower, codes.upper
    before = float(high[target - 1]) if target else 0.0
    after = float(low[target + 1]) if target + 1 < codes.length else 2 * float(high[target])
    rise = _within(before, float(low[target]))
    fall = _within(float(high[target]), after)
    slopes = 2 / (rise[1] - rise[0]) + 2 / (fall[1] - fall[0])
    return Window(rise, fall, RELU_GAP * slopes / accuracy)


def window_writer(channels: Channels, codes: OrderedCodes, target: int, accuracy: float, into: str = "aux") -> Built:
    """A block without feedback that overwrites a channel by 1 at the target and 0 elsewhere, within `accuracy`."""
    eta = accuracy / 3  # eta + eta (1 + eta) <= accuracy, and 2 eta <= accuracy
    window = window_around(codes, target, eta)
    block = Block(channels, f"window at {target}")
    block.track("erase", value=block.one(), gate={into: 1.0}, to={into: -1.0})
    block.track("write", value=window.form(block), gate={ONE: 1.0}, to={into: 1.0})
    focus_on_itself(block, codes, eta)
    network = Network.of([(block.name, block.build())])
    others = [name for name in channels.names if name != into]

    def measure(x: Array) -> list[Measured]:
        written = channels.read(into, network(x))
        wanted = np.arange(codes.length) == target
        return [
            at_most("|a - 1| at the target", float(np.max(np.abs(written - 1)[..., wanted])), accuracy),
            at_most("|a| elsewhere", float(np.max(np.abs(written)[..., ~wanted], initial=0)), accuracy),
            at_most("|a| anywhere", float(np.max(np.abs(written))), 1 + eta),
            nothing_else(network, channels, x, others),
        ]

    says = f"{into} becomes 1 at token {target} and 0 elsewhere, within {accuracy:g}; nothing else changes"
    return Built(network, Claim("lem:K.7", says, measure))


def _within(left: float, right: float) -> tuple[float, float]:
    quarter = (right - left) / 4
    return left + quarter, right - quarter
