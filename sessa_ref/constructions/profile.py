"""The profile (t+1)^gamma: a tail from token 0 (Lemma K.17), summed by a damped integrator (K.20), in one network (K.21)."""

import numpy as np

from sessa_ref.constructions.active_transport import active_transport
from sessa_ref.constructions.block import Block
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_least, at_most
from sessa_ref.constructions.focusing import focus_on_itself, focus_on_predecessor
from sessa_ref.constructions.multiplier import selector
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.reset import overwrite, reset, zero_writer
from sessa_ref.constructions.transport import nothing_else, passes_alone
from sessa_ref.notation import Array
from sessa_ref.theory import selective_retrieval as theory

DAMPING = 4.0
"""The integrator's gain is 1 - 1/(DAMPING T); the paper's number."""


def tail(channels: Channels, codes: OrderedCodes, beta: float, keep: bool = True) -> Built:
    """Five blocks that write a channel tail_t between c_g^- and c_g^+ times (t+1)^-beta."""
    seed = overwrite(channels, "seed", {"tail": {ONE: 1.0}}, "lem:K.17").network
    accuracy = theory.selector_accuracy(beta, codes.length - 1)
    chosen = selector(channels, codes, 0, accuracy, signal="tail").network
    network = seed.then(chosen).then(active_transport(channels, codes, beta, "tail", keep).network)
    kept = [name for name in channels.names if name not in ("tail", "aux", "src")]
    says = "tail_t lies between c_g^- and c_g^+ times (t+1)^-beta, whatever the tokens are"
    measure = _power(network, channels, "tail", -beta, theory.tail_bounds(beta, keep), kept)
    return Built(network, Claim("lem:K.17", says, measure))


def integrator(
    channels: Channels, codes: OrderedCodes, beta: float, damping: float = DAMPING, keep: bool = True
) -> Built:
    """A block whose solve sums tail into prof, which is zero before: r_t = f_t + (1 - 1/(damping T)) r_{t-1}, nearly."""
    off_mass = theory.integrator_off_mass(beta, theory.tail_bounds(beta, keep), codes.length - 1, damping)
    block = Block(channels, "integrate tail")
    block.gain(1 - 1 / (damping * codes.length))
    block.track("integral", value=block.channel("tail"), gate={ONE: 1.0}, to={"prof": 1.0})
    focus_on_predecessor(block, codes, off_mass)
    focus_on_itself(block, codes, off_mass)
    network = Network.of([(block.name, block.build())])
    kept = [name for name in channels.names if name != "prof"]
    says = "prof_t lies between c_r^- and c_r^+ times (t+1)^gamma"
    measure = _power(network, channels, "prof", 1 - beta, theory.profile_bounds(beta, damping, keep), kept)
    return Built(network, Claim("lem:K.20", says, measure))


def profile(channels: Channels, codes: OrderedCodes, beta: float, damping: float = DAMPING, keep: bool = True) -> Built:
    """Eight blocks that write prof_t between c_r^- and c_r^+ times (t+1)^gamma, whatever the tokens are.

    As printed, prof is nearly 1 + S_t, damped, with S_t = Gamma(t+1+gamma)/(Gamma(1+gamma) Gamma(t+1)). Where `keep` is
    false it is S_t: the seed, which the residual doubles, is counted once.
    """
    scratch = [name for name in ("aux", "src", "tgt") if name in channels]
    stages = (
        zero_writer(channels, "prof"),
        tail(channels, codes, beta, keep),
        reset(channels, scratch),
        integrator(channels, codes, beta, damping, keep),
    )
    network = stages[0].network
    for stage in stages[1:]:
        network = network.then(stage.network)
    kept = [name for name in channels.names if name not in ("prof", "tail", *scratch)]
    says = "prof_t lies between c_r^- and c_r^+ times (t+1)^gamma, and a change of sig passes through alone"
    measure = _power(network, channels, "prof", 1 - beta, theory.profile_bounds(beta, damping, keep), kept)
    return Built(network, Claim("cor:K.21", says, measure))


def _power(network: Network, channels: Channels, name: str, power: float, bounds: theory.TailBounds, kept: list[str]):
    def measure(x: Array) -> list[Measured]:
        written = channels.read(name, network(x))
        scaled = written / (np.arange(x.shape[-2]) + 1.0) ** power
        size = float(np.max(np.abs(written)) + np.max(np.abs(x)))
        sources = (0, x.shape[-2] // 2) if "sig" in kept else ()
        return [
            at_least(f"{name} (t+1)^{-power:g}", float(np.min(scaled)), bounds.lower),
            at_most(f"{name} (t+1)^{-power:g}", float(np.max(scaled)), bounds.upper),
            nothing_else(network, channels, x, kept),
            *(passes_alone(network, channels, x[0], source, [name, *kept], size) for source in sources),
        ]

    return measure
