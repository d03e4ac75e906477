"""Read-outs by hand for named causal maps: composition and gates, which the proof of Theorem 14 does not use.

Each gives a network with an explicit bound on its error. The general fits are compared with them.
"""

from collections.abc import Callable

import numpy as np

from sessa_ref.constructions import targets
from sessa_ref.constructions.block import UNIT, Block
from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_most
from sessa_ref.constructions.encoding import Gated, adapters, at, channels_for, encoder
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.ridge import KINK, Ramps, interpolant
from sessa_ref.constructions.tokenwise import DELTA, Unit, gelu_units, lag, lag_copy, out, storage
from sessa_ref.constructions.transport import rounding
from sessa_ref.notation import Array

FAR = 10.0
"""What is subtracted where a unit must be silent: GELU(-L FAR) is 0 in float64."""


def running_mean(T: int, d: int = 1) -> Built:
    """One block: uniform forward rows are the running mean, exactly and at every length."""
    channels = storage(1, d)
    block = Block(channels, "mean")
    for i in range(d):
        block.track(f"mean {i}", value=block.channel(lag(0, i)), gate={ONE: 1.0}, to={out(i): 1.0})
        block.track(f"own {i}", value=block.one(), gate={lag(0, i): -1.0}, to={out(i): 1.0})
    embed, unembed = adapters(channels, d)
    network = Network.of([("mean", block.build())], embed=embed, unembed=unembed)
    return _built(network, targets.running_mean, "the running mean, exactly", 0.0)


def running_maximum(T: int, d: int = 1, sharpness: float = 1e4) -> Built:
    """out <- out + GELU(L (u_lag - out))/L for every lag; no positions are needed.

    Where a token does not exist, its slice holds a copy of another earlier token, which does no harm here.
    """
    channels = storage(T, d)
    blocks = [(f"lag {n}", lag_copy(channels, T, d, n)) for n in range(1, T)]
    for n in range(1, T):
        units = [Unit({lag(n, i): sharpness, out(i): -sharpness}, {out(i): 1 / sharpness}) for i in range(d)]
        blocks.append((f"maximum with lag {n}", gelu_units(channels, T, units)))
    embed, unembed = adapters(channels, d)
    blocks = blocks or [("nothing", gelu_units(channels, T, []))]
    network = Network.of(blocks, embed=embed, unembed=unembed)
    return _built(network, targets.running_maximum, "the running maximum from below", (T - 1) * KINK / sharpness)


def parity(T: int, d: int = 1, kinks: int = 25) -> Built:
    """out <- out s(u_lag) for every lag: the factor is a value, and out a gate."""
    return _product(T, d, kinks, range(T), targets.parity, "the smoothed parity")


def delayed_xor(T: int, d: int = 1, kinks: int = 25) -> Built:
    """The product of two factors, at the lags 0 and 2."""
    lags = [n for n in (0, targets.DELAY) if n < T]
    return _product(T, d, kinks, lags, targets.delayed_xor, "the smoothed exclusive or of two tokens")


def position_of_largest(T: int, d: int = 1, sharpness: float = 1e6) -> Built:
    """A maximum and the position that goes with it, step by step: the new position is a gate, the ramp is a value."""
    best = [f"best.{i}" for i in range(d)]
    channels = channels_for(T, d, best)
    start = Gated(channels, T, "start")
    for i in range(d):
        start.channel(out(i), {out(i): {ONE: -1.0}})
    start.constant({name: {ONE: -1 - targets.WIDTH - 0.5} for name in best})
    blocks = start.blocks()
    L, w = sharpness, targets.WIDTH
    for n in range(T - 1, -1, -1):
        silent = {at(t): -FAR * L for t in range(n)}
        for i in range(d):
            rise = {lag(n, i): L, best[i]: -L} | silent
            stage = Gated(channels, T, f"lag {n}, coordinate {i}")
            place = {at(t): (t - n) / T for t in range(n, T)} | {out(i): -1.0}
            stage.unit(rise, {best[i]: {ONE: 1 / L}, out(i): {k: c / (L * w) for k, c in place.items()}})
            stage.unit(rise | {ONE: -w * L}, {out(i): {k: -c / (L * w) for k, c in place.items()}})
            blocks += stage.blocks()
    network = encoder(channels, T, d).then(Network.of(blocks, unembed=adapters(channels, d)[1]))
    # Each step's ramp is off by two kinks, and by the error of the maximum over w; positions are below 1.
    steps = sum((2 + n) * KINK / (L * w) for n in range(T))
    return _built(network, targets.position_of_largest, "the position of the largest so far", steps)


def _product(T: int, d: int, kinks: int, lags, target: Callable[[Array], Array], what: str) -> Built:
    channels = channels_for(T, d, width=kinks + 3)
    sign = interpolant(targets.smooth_sign, -1.0, 1.0, kinks, 1e5 * kinks)
    start = Gated(channels, T, "start")
    for i in range(d):
        start.channel(out(i), {out(i): {ONE: -1.0}})
    start.constant({out(i): {ONE: 1.0} for i in range(d)})
    blocks = start.blocks()
    for n in lags:
        for i in range(d):
            blocks.append((f"factor at lag {n}, coordinate {i}", _factor(channels, T, sign, n, i)))
    front = encoder(channels, T, d, lags=[n for n in lags if n])
    network = front.then(Network.of(blocks, unembed=adapters(channels, d)[1]))
    # tanh'' is at most 4/(3 sqrt 3), so that of tanh(3 z)/tanh 3 is at most 9 times that, over tanh 3.
    curvature = targets.SLOPE**2 * 4 / (3 * np.sqrt(3)) / np.tanh(targets.SLOPE)
    one = curvature * 4 / (8 * kinks**2) + sign.kink_error
    return _built(network, target, f"{what} by {kinks} kinks for each factor", (1 + one) ** len(list(lags)) - 1)


def _factor(channels: Channels, T: int, sign: Ramps, n: int, i: int):
    """Out += out (s(u) - 1), where u is 1, and so s(u) = 1, at tokens before the lag exists."""
    exists_not = {at(t): 1.0 for t in range(n)}
    units = [Unit({ONE: UNIT}, {out(i): sign.offset - 1.0})]
    units += sign.units({lag(n, i): 1.0} | exists_not, {out(i): 1.0})
    return gelu_units(channels, T, units, gate={out(i): 1.0}, name=f"factor at lag {n}", delta=DELTA)


def _built(network: Network, target: Callable[[Array], Array], what: str, bound: float) -> Built:
    def measure(x: Array) -> list[Measured]:
        states = [steps.y for steps in network.traces(x)]
        largest = max(float(np.abs(state).max()) for state in states)
        y = states[-1] if network.unembed is None else network.unembed(states[-1])
        error = float(np.abs(y - target(x)).max())
        allowed = bound + rounding(network, x.shape[-2]) * largest
        return [at_most(f"sup |network - {targets.WORDS[target.__name__]}|", error, allowed)]

    return Built(network, Claim("thm:14", f"computes {what}, within {bound:.3g} for tokens in [-1, 1]", measure))


STRUCTURED: dict[str, Callable[..., Built]] = {
    one.__name__: one for one in (running_mean, running_maximum, parity, delayed_xor, position_of_largest)
}
"""The read-outs by name; their targets have the same names in `targets`."""
