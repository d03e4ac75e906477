"""The one-directional writer of positions (Lemma 4.10, Corollaries 4.11 and 4.12, Appendix I.5)."""

import numpy as np

from sessa_ref.constructions.block import Block
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_most
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.transport import transparency_defect
from sessa_ref.notation import Array
from sessa_ref.theory.uniform_routing import position_code

ROOM = 2.0
"""How many times the intervals' width the smallest gap between two codes is."""


def position_writer(channels: Channels, T: int, radius: float, gain: float = 0.999) -> tuple[Built, OrderedCodes]:
    """A block with y_t = x_t + lambda_t e_pos, lambda_t = scale c_t, and the intervals that pos lies in after it.

    Args:
        channels: with pos.
        T: tokens.
        radius: R, a bound on |<x_t, e_pos>|.
        gain: gamma; near 1 the codes c_t lie farthest apart, by nearly 1/(t + 1).
    """
    codes = np.array([position_code(t, gain) for t in range(T)], dtype=np.float64)
    smallest = float(np.min(np.diff(codes), initial=1.0))
    scale = ROOM * 2 * max(radius, 0.25) / smallest
    block = Block(channels, "positions")
    block.gain(gain)
    block.track("code", value=block.one(), gate={ONE: 1.0}, to={"pos": scale})
    network = Network.of([("positions", block.build())])
    intervals = OrderedCodes.of(scale * codes - radius, scale * codes + radius)

    def measure(x: Array) -> list[Measured]:
        pos = channels.read("pos", network(x))
        rounding = 1e-13 * scale * codes[-1]
        offset = network(x) - x - (scale * codes)[:, None] * channels["pos"]
        return [
            at_most("y_t - x_t - scale c_t e_pos", float(np.max(np.abs(offset))), rounding),
            at_most("pos below its interval", float(np.max(intervals.lower - pos)), rounding),
            at_most("pos above its interval", float(np.max(pos - intervals.upper)), rounding),
            at_most("a change of sig passes alone", transparency_defect(network, channels, x[0], 0, 1.0, ["pos"]), rounding),
        ]

    says = "y_t = x_t + lambda_t e_pos, and <y_t, e_pos> lies in disjoint, ordered, positive intervals"
    return Built(network, Claim("cor:4.11", says, measure)), intervals
