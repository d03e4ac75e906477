"""The local multiplier (Lemma K.11) and the two-block selector (Lemmas K.12 and K.14)."""

import numpy as np

from sessa_ref.constructions.block import Block
from sessa_ref.constructions.channels import Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_least, at_most
from sessa_ref.constructions.focusing import focus_on_itself
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.transport import exact_transport, kernel, nothing_else, rounding
from sessa_ref.constructions.window import window_writer
from sessa_ref.notation import Array


def local_multiplier(
    channels: Channels, codes: OrderedCodes, bound: float, accuracy: float, signal: str = "sig", by: str = "aux"
) -> Built:
    """A block without feedback that multiplies `signal` by `by`, a channel of size at most `bound`, within `accuracy`."""
    block = Block(channels, f"{signal} times {by}")
    block.track("erase", value=block.one(), gate={signal: 1.0}, to={signal: -1.0})
    block.track("multiply", value=block.channel(by), gate={signal: 1.0}, to={signal: 1.0})
    focus_on_itself(block, codes, min(0.5, accuracy / (2 * max(bound, 1.0))))
    network = Network.of([(block.name, block.build())])
    others = [name for name in channels.names if name != signal]

    def measure(x: Array) -> list[Measured]:
        measured = []
        for tokens in x:
            transport = kernel(network, channels, tokens, signal)
            gains, factor = np.diagonal(transport), channels.read(by, tokens)
            measured += [
                at_most("|D - factor|", float(np.max(np.abs(gains - factor))), accuracy),
                _on_the_diagonal(network, transport),
                exact_transport(network, channels, tokens, transport, signal),
                nothing_else(network, channels, tokens, others),
            ]
        return measured

    says = f"{signal}_t becomes D(t) {signal}_t with |D(t) - {by}_t| at most {accuracy:g}; nothing else changes"
    return Built(network, Claim("lem:K.11", says, measure))


def selector(channels: Channels, codes: OrderedCodes, target: int, accuracy: float, signal: str = "sig") -> Built:
    """Two blocks without feedback that multiply `signal` by about 1 at the target and by at most `accuracy` elsewhere."""
    writer = window_writer(channels, codes, target, accuracy / 4).network
    network = writer.then(local_multiplier(channels, codes, 2.0, accuracy / 4, signal).network)
    others = [name for name in channels.names if name not in (signal, "aux")]

    def measure(x: Array) -> list[Measured]:
        measured = []
        for tokens in x:
            transport = kernel(network, channels, tokens, signal)
            gains = np.diagonal(transport)
            measured += [
                at_least("gain at the target", gains[target], 1 - accuracy / 2),
                at_most("gain at the target", gains[target], 1 + accuracy / 2),
                at_most("gain elsewhere", float(np.max(np.abs(np.delete(gains, target)), initial=0)), accuracy),
                _on_the_diagonal(network, transport),
                exact_transport(network, channels, tokens, transport, signal),
                nothing_else(network, channels, tokens, others),
            ]
        return measured

    says = f"{signal}_t becomes D(t) {signal}_t, D between 1/2 and 2 at {target} and at most {accuracy:g} elsewhere"
    return Built(network, Claim("lem:K.12", says, measure))


def _on_the_diagonal(network: Network, transport: Array) -> Measured:
    """That a kernel is diagonal: what is off it is rounding, relative to its largest entry or 1, the signal before."""
    off = transport - np.diag(np.diagonal(transport))
    bound = rounding(network, len(transport)) * max(1.0, float(np.max(np.abs(transport))))
    return at_most("off the diagonal", float(np.max(np.abs(off))), bound)
