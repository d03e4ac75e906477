"""What a block's weights let it read and write, by exact zeros: facts about every input, not about samples."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sessa_ref.constructions import Channels, Network
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters


class Structure(NamedTuple):
    """Names of the channels that parts of a block depend on, whatever the tokens are.

    Attributes:
        routing: those that queries, keys and the gain read, in both branches.
        values: those that values read.
        gates: those that gates read.
        writes: those that the block changes.
    """

    routing: frozenset[str]
    values: frozenset[str]
    gates: frozenset[str]
    writes: frozenset[str]


def structure(block: SessaParameters, channels: Channels) -> Structure:
    """Read off the weights that are not exactly 0. The channels have to be the axes of the space, in order.

    Raises:
        ValueError: they are not.
    """
    width = block.config.width
    if len(channels.names) != width or not np.array_equal([channels[name] for name in channels.names], np.eye(width)):
        raise ValueError("the structure of a block is read along the axes")
    reads = block["W_in.weight"] != 0
    routing = [block[f"mixer.{name}_proj.weight"] for name in "qk"]
    routing += [block["mixer.proj_fb.weight"], np.atleast_2d(block["mixer.gamma_ctx.weight"])]
    used = np.any(np.concatenate(routing) != 0, axis=0)
    valued = np.any(block["mixer.v_proj.weight"] != 0, axis=0)
    written = np.any(block["W_out.weight"] != 0, axis=1) | (block["W_out.bias"] != 0)

    def names(some: Array) -> frozenset[str]:
        return frozenset(name for name, one in zip(channels.names, some, strict=True) if one)

    return Structure(
        names(np.any(reads[:width][used], axis=0)),
        names(np.any(reads[:width][valued], axis=0)),
        names(np.any(reads[width:], axis=0)),
        names(written),
    )


def departures(network: Network, channels: Channels, expected: Mapping[int, tuple[str, str, str, str]]) -> list[int]:
    """For blocks by number, how many channels are read or written that should not be, part by part: all 0 if none.

    Each part of `expected` is a text of names: routing, values, gates, writes.
    """
    counts = []
    for n, parts in expected.items():
        found = structure(network.blocks[n], channels)
        counts += [len(one - set(names.split())) for one, names in zip(found, parts, strict=True)]
    return counts


SELECTOR = {0: ("pos", "pos", "aux", "aux"), 1: ("pos", "aux", "sig", "sig")}
"""The window writer and the local multiplier of Lemma K.12."""

ACTIVE = {0: ("", "", "src sig", "src"), 1: ("pos", "src", "", "sig")}
"""The copy and the transport of Lemma K.15."""

MACRO = {0: ("pos", "prof", "src sig", "src"), 1: ("", "src", "", "sig")}
"""The source writer and the diffuse block of Lemma K.22."""

TAIL = {
    0: ("", "", "tail", "tail"),
    1: SELECTOR[0],
    2: ("pos", "aux", "tail", "tail"),
    3: ("", "", "src tail", "src"),
    4: ("pos", "src", "", "tail"),
}
"""The seed, the selector and the transport of Lemma K.17, along tail: none reads sig."""

INTEGRATOR = {0: ("pos", "tail", "", "prof")}
"""The block of Lemma K.20."""

PROFILE = {
    0: ("", "", "prof", "prof"),
    **{n + 1: parts for n, parts in TAIL.items()},
    6: ("", "", "aux src tgt", "aux src tgt"),
    7: INTEGRATOR[0],
}
"""The eight blocks of Corollary K.21."""
