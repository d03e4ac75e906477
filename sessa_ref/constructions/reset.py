"""Blocks that write constants: zero (Lemmas K.18 and K.19), a seed (K.17, Step 1), a copy (K.15, Step 1)."""

from collections.abc import Sequence

import numpy as np

from sessa_ref.constructions.block import Block, Form
from sessa_ref.constructions.channels import Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_most
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.transport import nothing_else, passes_alone, rounding
from sessa_ref.notation import Array


def overwrite(channels: Channels, name: str, by: dict[str, Form], statement: str) -> Built:
    """A block without feedback, with uniform rows, that overwrites channels by forms of the token's other channels.

    One a-slot that is constantly 1 serves all tracks, since every row sums to 1.
    """
    block = Block(channels, name)
    for channel, form in by.items():
        block.track(f"erase {channel}", value=block.one(), gate={channel: 1.0}, to={channel: -1.0})
        if form:
            block.track(f"write {channel}", value=block.one(), gate=form, to={channel: 1.0})
    network = Network.of([(name, block.build())])
    kept = [other for other in channels.names if other not in by]

    def measure(x: Array) -> list[Measured]:
        y, measured = network(x), []
        for channel, form in by.items():
            weight, constant = channels.affine(form)
            wrong = np.abs(channels.read(channel, y) - (x @ weight + constant))
            measured.append(
                at_most(
                    f"{channel}, relative", float(np.max(wrong) / np.max(np.abs(x))), rounding(network, x.shape[-2])
                )
            )
        measured.append(nothing_else(network, channels, x, kept))
        if "sig" in kept and not any("sig" in form for form in by.values()):
            measured.append(passes_alone(network, channels, x[0], 0, channels.names, float(1 + np.max(np.abs(x)))))
        return measured

    says = f"{name}: {', '.join(by)}; nothing else changes"
    return Built(network, Claim(statement, says, measure))


def zero_writer(channels: Channels, channel: str) -> Built:
    """A block that writes 0 into a channel (Lemma K.18)."""
    return overwrite(channels, f"clear {channel}", {channel: {}}, "lem:K.18")


def reset(channels: Channels, scratch: Sequence[str]) -> Built:
    """A block that writes 0 into several channels (Lemma K.19)."""
    return overwrite(channels, f"clear {', '.join(scratch)}", {channel: {} for channel in scratch}, "lem:K.19")
