"""The second half of Theorem 14's network: read-outs that are fitted to samples of a causal map.

The direct one is the proof's: F_t as a function of the whole prefix, for each t. The recursive one writes F(x)_t as a function
of F(x)_(t-1) and x_t and runs through the lags, oldest first; it serves where the map is such a recursion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sessa_ref.constructions.channels import ONE, Channels
from sessa_ref.constructions.encoding import Gated, at
from sessa_ref.constructions.least_squares import Layer, fit
from sessa_ref.constructions.tokenwise import lag, out
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters


@dataclass(frozen=True)
class Samples:
    """What the fits are given.

    Attributes:
        channels: of the network.
        x: inputs, (n, T, d).
        y: the map's values at them.
        depends: which outputs depend on which inputs, (T, d, T, d).
        tolerance: the sup error that is wanted of the whole network.
        sizes: numbers of hidden units to try for each fit.
        rng: for the starts of the fits.
        progress: called with what is being done.
    """

    channels: Channels
    x: Array
    y: Array
    depends: Array
    tolerance: float
    sizes: Sequence[int]
    rng: np.random.Generator
    progress: Callable[[str], None]

    @property
    def T(self) -> int:  # noqa: N802
        """Number of tokens."""
        return self.x.shape[1]

    @property
    def d(self) -> int:
        """Width of a token."""
        return self.x.shape[2]


@dataclass(frozen=True)
class Readout:
    """Blocks that follow the encoder.

    Attributes:
        blocks: with their names.
        units: hidden units in all fits.
        error: the largest sup error of a fit.
        lipschitz: the largest Lipschitz constant of a fitted layer.
    """

    blocks: list[tuple[str, SessaParameters]]
    units: int
    error: float
    lipschitz: float


@dataclass(frozen=True)
class Fitted:
    """A layer on those of the inputs on which the output depends."""

    layer: Layer
    active: list[int]
    error: float


def next_(coordinate: int) -> str:
    """The channel in which a step of the recursion is put together."""
    return f"next.{coordinate}"


def direct(given: Samples) -> Readout:
    """out <- F_t(prefix) at each t: units and linear terms, with gates that let each act at its t only."""
    T, d = given.T, given.d
    stage = _Stage(given.channels, T, "read-out")
    found = []
    for t in range(T):
        given.progress(f"fitting F_t at t = {t}")
        names = [lag(t - j, i) for j in range(t + 1) for i in range(d)]
        prefix = given.x[:, : t + 1].reshape(len(given.x), -1)
        for i in range(d):
            one = _fit(prefix, given.y[:, t, i], given.depends[t, i, : t + 1].ravel(), given.tolerance / 4, given)
            found.append(one)
            stage.add(one, names, out(i), [t])
            stage.add_linear(lag(0, i), out(i), [t], -1.0)  # U_out holds x_t, and what is added must replace it
    return _readout(stage.blocks(), found)


def recursive(given: Samples) -> Readout | None:
    """out <- phi_i(out, x_i), i = t - lag, for lag = T - 1 .. 0 at the tokens t >= lag; None where F is no recursion."""
    T, d = given.T, given.d
    steps = _recursion(given)
    if steps is None:
        return None
    blocks: list[tuple[str, SessaParameters]] = []
    for number in range(T - 1, -1, -1):
        stage = _Stage(given.channels, T, f"step at lag {number}")
        now = [lag(number, i) for i in range(d)]
        for i in range(d):
            times: dict[int, list[int]] = {}
            for t in range(number, T):
                times.setdefault(id(steps[t - number][i]), []).append(t)
            for together in times.values():
                step = together[0] - number
                names = now if step == 0 else [out(j) for j in range(d)] + now
                stage.add(steps[step][i], names, next_(i), together)
        commit = Gated(given.channels, T, f"end of the step at lag {number}")
        acts = {at(t): 1.0 for t in range(number, T)}
        for i in range(d):
            commit.channel(next_(i), {out(i): acts, next_(i): {ONE: -1.0}})
            commit.channel(out(i), {out(i): dict.fromkeys(acts, -1.0)})
        blocks += stage.blocks() + commit.blocks()
    return _readout(blocks, list({id(one): one for step in steps for one in step}.values()))


def _recursion(given: Samples) -> list[list[Fitted]] | None:
    """phi_0(x_0), phi_1(F_0, x_1), ...: one fit for each coordinate; a fit that serves the next t too is used again."""
    wanted, on = given.tolerance / (2 * given.T), given.depends
    steps = [[_fit(given.x[:, 0], given.y[:, 0, i], on[0, i, 0], wanted, given) for i in range(given.d)]]
    for t in range(1, given.T):
        given.progress(f"fitting phi_t at t = {t}")
        z = np.concatenate([given.y[:, t - 1], given.x[:, t]], axis=1)
        # An output can use a coordinate of F_(t-1) only if both depend on some common input.
        state = (on[t][:, None, :t] & on[t - 1][None, :, :t]).any(axis=(2, 3))
        active = np.concatenate([state, on[t, :, t]], axis=1)
        if t > 1 and all(
            np.abs(one.layer(z[:, one.active]) - given.y[:, t, i]).max() <= wanted for i, one in enumerate(steps[-1])
        ):
            steps.append(steps[-1])
            continue
        steps.append([_fit(z, given.y[:, t, i], active[i], wanted, given) for i in range(given.d)])
        if max(one.error for one in steps[-1]) > max(given.tolerance, 0.05 * float(np.ptp(given.y))):
            return None
    return steps


class _Stage:
    """Fitted layers that act at chosen times, as gated units; linear terms and constants are gathered over the times."""

    def __init__(self, channels: Channels, T: int, name: str) -> None:
        self._gated = Gated(channels, T, name)
        self._linear: dict[str, dict[str, dict[str, float]]] = {}
        self._constants: dict[str, dict[str, float]] = {}

    def add(self, fitted: Fitted, names: Sequence[str], target: str, times: Sequence[int]) -> None:
        layer, used = fitted.layer, [names[k] for k in fitted.active]
        for k in range(layer.units):
            reads = dict(zip(used, layer.inner[k].tolist(), strict=True)) | {ONE: float(layer.bias[k])}
            self._gated.unit(reads, {target: {at(t): float(layer.weights[k]) for t in times}})
        for name, weight in zip(used, layer.linear.tolist(), strict=True):
            self.add_linear(name, target, times, weight)
        gate = self._constants.setdefault(target, {})
        gate.update({at(t): layer.constant for t in times})

    def add_linear(self, name: str, target: str, times: Sequence[int], weight: float) -> None:
        gate = self._linear.setdefault(name, {}).setdefault(target, {})
        for t in times:
            gate[at(t)] = gate.get(at(t), 0.0) + weight

    def blocks(self) -> list[tuple[str, SessaParameters]]:
        for name, to in self._linear.items():
            self._gated.channel(name, to)
        self._gated.constant(self._constants)
        return self._gated.blocks()


def _readout(blocks: list[tuple[str, SessaParameters]], found: list[Fitted]) -> Readout:
    return Readout(
        blocks,
        sum(one.layer.units for one in found),
        max(one.error for one in found),
        max(one.layer.lipschitz for one in found),
    )


def _fit(z: Array, y: Array, active: Array, error: float, given: Samples) -> Fitted:
    """A fit on the inputs that matter."""
    used = [int(k) for k in np.flatnonzero(active)] or [0]
    layer, worst = fit(z[:, used], y, error, given.sizes, given.rng)
    return Fitted(layer, used, worst)
