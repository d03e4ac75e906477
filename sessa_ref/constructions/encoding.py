"""The first half of Theorem 14's network: adapters, positions, and every earlier token in a slice of its own.

Beside the proof's channels there is one for each position, 1 at that token and 0 elsewhere. They let a gate act at
chosen t, and they clear the slices of tokens that do not exist; in the proof such a slice holds a copy of another
token.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from sessa_ref.constructions.block import Block, Form
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.network import Adapter, Network
from sessa_ref.constructions.positions import POS, codes, intervals, read_form, writer
from sessa_ref.constructions.tokenwise import DELTA, Unit, focus, gelu_units, lag, lag_copy, out, storage
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters

GAIN = 0.9
"""Of the position writer."""


def at(t: int) -> str:
    """The channel that is 1 at token t and 0 at all others."""
    return f"at.{t}"


def channels_for(T: int, d: int, more: Iterable[str] = (), width: int | None = None) -> Channels:
    """The proof's storage, a channel for each position, and more."""
    return storage(T, d, [*(at(t) for t in range(T)), *more], width)


def adapters(channels: Channels, d: int) -> tuple[Adapter, Adapter]:
    """Embed puts x_t into U_0 and U_out and 1 into const; Unembed reads U_out. Unembed after Embed is the identity."""
    embed = sum(
        (np.outer(channels[lag(0, i)] + channels[out(i)], np.eye(d)[i]) for i in range(d)),
        np.zeros((channels.width, d)),
    )
    return Adapter.linear(embed, channels["const"]), Adapter.linear(np.stack([channels[out(i)] for i in range(d)]))


def encoder(
    channels: Channels, T: int, d: int, *, delta: float = DELTA, gain: float = GAIN, lags: Iterable[int] | None = None
) -> Network:
    """Positions, their indicators, and the lag slices; without adapters at its end.

    Args:
        channels: those of `channels_for`.
        T: number of tokens.
        d: width of a token.
        delta: what rows leave to other tokens.
        gain: of the position writer; 0 leaves the feedback off, and all positions alike.
        lags: the lags to copy; all by default.
    """
    scale, where = code_scale(T)
    blocks = [("positions", writer(channels, scale, gain))]
    blocks += list(_indicators(channels, T, where, delta))
    for number in range(1, T) if lags is None else lags:
        exists = {at(t): 1.0 for t in range(number, T)}
        blocks.append((f"lag {number}", lag_copy(channels, T, d, number, delta=delta, gate=exists, rows_before=False)))
    return Network.of(blocks, embed=adapters(channels, d)[0])


def code_scale(T: int) -> tuple[float, Array]:
    """lambda with steps of at least 4 between positions, and intervals of width 2 around the codes: tokens have pos = 0."""
    step = float(np.min(np.diff(codes(T, GAIN)), initial=1.0))
    return 4 / step, intervals(T, GAIN, 4 / step, 1.0)


def ideal_state(channels: Channels, T: int, d: int, x: Array) -> Array:
    """The encoded state without packing errors, for x of shape (n, T, d): what the encoder approximates."""
    state = np.zeros((*x.shape[:-1], channels.width))
    state += channels["const"] + (code_scale(T)[0] * codes(T, GAIN))[:, None] * channels[POS]
    for t in range(T):
        state[:, t] += channels[at(t)]
        for i in range(d):
            state[:, t] += x[:, t, i, None] * channels[out(i)]
            for number in range(t + 1):
                state[:, t] += x[:, t - number, i, None] * channels[lag(number, i)]
    return state


def _indicators(channels: Channels, T: int, where: Array, delta: float) -> Iterator[tuple[str, SessaParameters]]:
    """at.t = [pos >= c_t] - [pos >= c_(t+1)], each a difference of two scaled GELUs; [pos >= c_0] = 1."""
    units = []
    rises = read_form(where)
    for t in range(1, T):
        for slope, offset, weight in rises[2 * (t - 1) : 2 * t]:
            units.append(Unit({POS: slope, ONE: offset}, {at(t): weight, at(t - 1): -weight}))
    room = channels.width - 1
    for n in range(0, max(len(units), 1), room):
        first = {at(0): 1.0} if n == 0 else {}
        yield f"indicators {n // room}", gelu_units(channels, T, units[n : n + room], delta=delta, offset=first)


class Gated:
    """Token-wise blocks that add sum of gate * value to channels: hidden units and channels, each with gates of its own.

    Args:
        channels: of the blocks.
        T: number of tokens.
        name: of the blocks.
        delta: what rows leave to other tokens.
    """

    def __init__(self, channels: Channels, T: int, name: str, delta: float = DELTA) -> None:
        self.channels, self.T, self.name, self.delta = channels, T, name, delta
        self.parts: list[tuple[Form | str | None, dict[str, Form]]] = []

    def unit(self, reads: Form, to: Mapping[str, Form]) -> None:
        """GELU(reads) times a gate for each channel that is written to."""
        self.parts.append((reads, dict(to)))

    def channel(self, name: str, to: Mapping[str, Form]) -> None:
        """A channel, read exactly, times a gate for each channel that is written to."""
        self.parts.append((name, dict(to)))

    def constant(self, to: Mapping[str, Form]) -> None:
        """1, times a gate for each channel that is written to."""
        self.parts.append((None, dict(to)))

    def blocks(self) -> list[tuple[str, SessaParameters]]:
        """As many blocks as the slots need. All read what the first one reads, if none writes what another reads."""
        width, batches, slots, tracks = self.channels.width, [[]], 1, 0
        for part in self.parts:
            value, to = part
            more = 0 if value is None else 2 if isinstance(value, str) else 1
            if slots + more > width or tracks + len(to) > width:
                batches.append([])
                slots, tracks = 1, 0
            batches[-1].append(part)
            slots, tracks = slots + more, tracks + len(to)
        return [(f"{self.name} {n}", self._block(f"{self.name} {n}", batch)) for n, batch in enumerate(batches)]

    def _block(self, name: str, parts: list) -> SessaParameters:
        block = Block(self.channels, name)
        focus(block, self.T, 0, self.delta)
        for n, (value, to) in enumerate(parts):
            if value is None:
                form = block.one()
            elif isinstance(value, str):
                form = block.channel(value)
            else:
                form = block.a_slot(f"unit {n}", value)
            for target, gate in to.items():
                block.track(f"{n} to {target}", value=form, gate=gate, to={target: 1.0})
        return block.build()
