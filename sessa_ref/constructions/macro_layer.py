"""The profile-compensated macro-layer: a source writer and a diffuse block (Lemmas K.22 to K.24)."""

import numpy as np

from sessa_ref.constructions.block import Block
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_least, at_most
from sessa_ref.constructions.focusing import focus_on_itself
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.transport import exact_transport, kernel, nothing_else, rounding
from sessa_ref.notation import Array
from sessa_ref.theory import selective_retrieval as theory

OFF_MASS = 0.5
"""mu of the source writer: any number in (0, 1/2] will do."""


def macro_layer(
    channels: Channels, codes: OrderedCodes, beta: float, bounds: theory.TailBounds, off_mass: float = OFF_MASS
) -> Built:
    """Two blocks: sig_i becomes D(i) sig_i + sum over j < i of K(i, j) sig_j with K between a^- and a^+ times (i+1)^-beta.

    Args:
        channels: with sig, pos, prof, src.
        codes: the intervals of pos.
        beta: in (0, 1).
        bounds: prof_t lies between these, times (t+1)^gamma.
        off_mass: mu of the source writer's rows.
    """
    writer = Block(channels, "source writer")
    writer.track("erase", value=writer.one(), gate={"src": 1.0}, to={"src": -1.0})
    writer.track("write", value=writer.channel("prof"), gate={"sig": 1.0}, to={"src": 1.0})
    focus_on_itself(writer, codes, off_mass)
    diffuse = Block(channels, "diffuse sig")
    diffuse.gain(1 - beta)
    diffuse.track("transport", value=diffuse.channel("src"), gate={ONE: 1.0}, to={"sig": 1.0})
    network = Network.of([(block.name, block.build()) for block in (writer, diffuse)])
    promised = theory.macro_bounds(beta, bounds, off_mass)
    others = [name for name in channels.names if name not in ("sig", "src")]

    def measure(x: Array) -> list[Measured]:
        measured = []
        for tokens in x:
            transport = kernel(network, channels, tokens)
            writing = next(network.traces(tokens))
            written = writing.alpha_fwd[0] @ channels.read("prof", tokens)
            closed = theory.macro_kernel(written, beta)
            gains = np.diagonal(transport)
            off = (transport * (np.arange(codes.length) + 1.0)[:, None] ** beta)[np.tril_indices(codes.length, -1)]
            blind = np.max(np.abs(network(tokens) - network(_without(channels, "src", tokens)))[..., None])
            size = float(np.max(np.abs(network(tokens))))
            measured += [
                _close(transport, closed, rounding(network, codes.length)),
                at_least("D", float(np.min(gains)), 1.0),
                at_most("D", float(np.max(gains)), promised.d_plus),
                at_least("K (i+1)^beta", float(np.min(off, initial=np.inf)), promised.a_minus),
                at_most("K (i+1)^beta", float(np.max(off, initial=0)), promised.a_plus),
                exact_transport(network, channels, tokens, transport),
                nothing_else(network, channels, tokens, others),
                at_most("what src was before matters", float(blind), 2 * rounding(network, codes.length) * size),
            ]
        return measured

    says = f"sig is carried on by a kernel between {promised.a_minus:.3g} and {promised.a_plus:.3g} times (i+1)^-beta"
    return Built(network, Claim("lem:K.22", says, measure))


def _close(transport: Array, closed: Array, rounding_of_a_step: float) -> Measured:
    """Both kernels, entry by entry: their sums have positive terms alone, and are made in T steps, one from the other."""
    entries = np.tril_indices(len(closed))
    positive = bool(np.all(closed[entries] > 0))
    worst = float(np.max(np.abs(transport[entries] / closed[entries] - 1))) if positive else np.inf
    return at_most("kernel against its closed form", worst, 2 * len(closed) * rounding_of_a_step)


def _without(channels: Channels, name: str, x: Array) -> Array:
    return x - channels.read(name, x)[..., None] * channels[name]
