"""Positions without positional encoding: Lemma 4.10, Corollaries 4.11 to 4.13, Corollary I.8.

The forward rows and the feedback rows are uniform, the value is 1 and the gain is gamma: the solve then gives token t the
number c_t of `theory.uniform_routing.position_code`, whatever the tokens are. A gate of 1 passes it, and W_out writes
lambda c_t along one direction.
"""

from collections.abc import Sequence

import numpy as np
from flint import arb

from sessa_ref.constructions.block import Block
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_least, at_most
from sessa_ref.constructions.network import Network
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.theory.positions import position_scale
from sessa_ref.theory.uniform_routing import position_code, position_code_limit

POS = "pos"


def writer(channels: Channels, scale: float = 1.0, gamma: float = 0.9, to: str = POS) -> SessaParameters:
    """The block h_t -> h_t + scale c_t e_pos, for every h: one a-slot and one track, at any width."""
    block = Block(channels, "positions")
    block.track("code", value=block.one(), gate={ONE: 1.0}, to={to: scale})
    block.gain(gamma)
    return block.build()


def codes(T: int, gamma: float = 0.9) -> Array:
    """c_0 < ... < c_(T-1), shape (T,), the float64 numbers nearest to their closed form."""
    return np.array([float(arb(position_code(t, arb(gamma))).mid()) for t in range(T)])


def positions(
    T: int,
    width: int = 3,
    gamma: float = 0.9,
    radius: float = 1.0,
    margin: float = 1.25,
    channels: Channels | None = None,
) -> Built:
    """A one-block network that makes the position of every token readable from the token.

    Args:
        T: number of tokens, at least 2.
        width: of the tokens.
        gamma: the gain, in (0, 1).
        radius: R, a bound on |<h_t, e_pos>| for the tokens that the network is for.
        margin: the scale is `margin` times the least that separates the codes; above 1.
        channels: with a channel "pos", and "sig" where signal transparency is to be measured; random by default.

    Raises:
        ValueError: an argument is out of its range.
    """
    if T < 2:
        raise ValueError(f"positions need at least two tokens, got length {T}")
    if not 0 < gamma < 1:
        raise ValueError(f"the gain of the position writer must lie in (0, 1), got {gamma}")
    if not (radius > 0 and margin > 1):
        raise ValueError(f"radius must be positive and margin above 1, got {radius} and {margin}")
    channels = channels or Channels.random(width, [POS, "sig"][:width])
    scale = margin * float(position_scale(T, gamma, radius))
    network = Network.of(
        [("positions", writer(channels, scale, gamma))],
        notes={"T": T, "gamma": gamma, "scale": scale, "radius": radius},
    )
    says = (
        f"adds {scale:.6g} c_t e_pos to every token and nothing else; for |<h_t, e_pos>| <= {radius:g} the {T} sets of "
        "position coordinates lie in ordered disjoint intervals of positive numbers"
    )

    def measure(x: Array) -> list[Measured]:
        return _measure(network, channels, T, gamma, scale, radius, x)

    return Built(network, Claim("cor:4.11", says, measure))


def intervals(T: int, gamma: float, scale: float, radius: float) -> Array:
    """J_0 < J_1 < ...: where <G(h)_t, e_pos> lies for |<h_t, e_pos>| <= radius; (T, 2)."""
    middle = scale * codes(T, gamma)
    return np.stack([middle - radius, middle + radius], axis=-1)


def read_position(along: Array, where: Array) -> Array:
    """psi of Corollary 4.13: t on J_t, linear between, constant outside; continuous.

    Args:
        along: <z, e_pos>, of any shape.
        where: the intervals, (T, 2), ordered and disjoint.
    """
    T = len(where)
    return np.interp(along, where.ravel(), np.repeat(np.arange(T, dtype=np.float64), 2))


def read_form(where: Array, sharpness: float = 50.0) -> Sequence[tuple[float, float, float]]:
    """The same read-out by GELU units: (slope, offset, weight) with sum of weight GELU(slope z + offset) = t on J_t.

    A rise of 1 between two intervals is the difference of two ramps at its ends (Lemma K.6), and the ramps' errors there
    are below 0.17/(slope of the ramps).
    """
    units = []
    for low, high in zip(where[:-1, 1], where[1:, 0], strict=True):
        room = (high - low) / 4  # the ramp ends a quarter of the gap before each interval
        L = sharpness / room
        for corner, sign in ((low + room, 1.0), (high - room, -1.0)):
            units.append((L, -L * corner, sign / (L * (high - low - 2 * room))))
    return units


def _measure(
    network: Network, channels: Channels, T: int, gamma: float, scale: float, radius: float, x: Array
) -> list[Measured]:
    y = network(x)
    exact = codes(T, gamma)
    along = channels.read(POS, y)
    inside = intervals(T, gamma, scale, radius)
    # Rounding: rows of up to T weights and products, passed on by a solve that is bounded by 1 / (1 - gamma) (Lemma 4.2).
    size = np.abs(x).max() + scale * float(position_code_limit(gamma))
    rounding = (T + 8) * np.finfo(np.float64).eps * size / (1 - gamma)
    written = y - x - scale * exact[:, None] * channels[POS]
    beyond = np.max(np.maximum(inside[:, 0] - along, along - inside[:, 1]))
    gap = float(np.min(inside[1:, 0] - inside[:-1, 1]))
    read = np.abs(read_position(along, inside) - np.arange(T)).max()
    measured = [
        at_most("error of h_t + scale c_t e_pos", np.abs(written).max(), rounding),
        at_least("lowest end of an interval", inside[0, 0], 0.0),
        at_least("least gap between intervals", gap, 0.0),
        at_most("how far a position coordinate is outside its interval", max(beyond, 0.0), rounding),
        at_most("error of the continuous read-out", read, rounding / gap),
        at_least("least step between neighbours, as computed", np.diff(along - channels.read(POS, x)).min(), 0.0),
    ]
    if "sig" in channels:
        moved = network(x + np.pi * channels["sig"]) - y - np.pi * channels["sig"]
        measured.append(at_most("what a change along e_sig does elsewhere", np.abs(moved).max(), rounding))
    return measured
