"""Active diffusive transport: a copy block and a block of uniform feedback (Lemma K.15)."""

import numpy as np

from sessa_ref.constructions.block import Block, Form
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_least, at_most
from sessa_ref.constructions.focusing import focus_on_itself
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.reset import overwrite
from sessa_ref.constructions.transport import exact_transport, kernel, nothing_else, rounding
from sessa_ref.notation import Array
from sessa_ref.theory.selective_retrieval import resolvent_bounds


def active_transport(
    channels: Channels, codes: OrderedCodes, beta: float, signal: str = "sig", keep: bool = True
) -> Built:
    """Two blocks: signal_i becomes D(i) signal_i + sum over j < i of K(i, j) signal_j, K about (j+1)^-gamma (i+1)^-beta.

    src becomes a copy of the signal; the solve reads the copy and is added to the signal, or, where `keep` is false,
    takes its place: then D is about 1 instead of 2, and the kernel is the solve's alone.
    """
    gamma, (low, high) = 1 - beta, resolvent_bounds(beta)
    off_mass = min(
        0.5, low * beta / (4 * codes.length)
    )  # C_Sigma = 1/beta: the rows of the resolvent sum to at most that
    moved: dict[str, Form] = {"src": {signal: 1.0}}
    if not keep:
        moved[signal] = {}
    copy = overwrite(channels, f"{'copy' if keep else 'move'} {signal}", moved, "lem:K.15").network
    block = Block(channels, f"diffuse {signal}")
    block.gain(gamma)
    block.track("transport", value=block.channel("src"), gate={ONE: 1.0}, to={signal: 1.0})
    focus_on_itself(block, codes, off_mass)
    network = copy.then(Network.of([(block.name, block.build())]))
    others = [name for name in channels.names if name not in (signal, "src")]
    i, j = np.tril_indices(codes.length, -1)
    shape = (j + 1.0) ** -gamma * (i + 1.0) ** -beta

    def measure(x: Array) -> list[Measured]:
        measured = []
        for tokens in x:
            transport = kernel(network, channels, tokens, signal)
            gains, off = np.diagonal(transport), transport[i, j] / shape
            measured += [
                at_least("D", float(np.min(gains)), 0.5 + keep),
                at_most("D", float(np.max(gains)), 1 + keep + 2 * rounding(network, codes.length)),
                at_least("K (j+1)^gamma (i+1)^beta", float(np.min(off, initial=np.inf)), low / 2),
                at_most("K (j+1)^gamma (i+1)^beta", float(np.max(off, initial=0)), 1.25 * high),
                exact_transport(network, channels, tokens, transport, signal),
                nothing_else(network, channels, tokens, others),
            ]
        return measured

    says = f"{signal} is carried on by a kernel between {low / 2:.3g} and {1.25 * high:.3g} (j+1)^-gamma (i+1)^-beta"
    return Built(network, Claim("lem:K.15", says, measure))
