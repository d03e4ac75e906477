"""Theorem 14: a network for a continuous causal map that is given as a Python function.

Two read-outs are tried. The direct one fits F_t, a function of the whole prefix, for each t (the proof's way). The recursive
one fits F(x)_t as a function of F(x)_(t-1) and x_t, and runs through the lags, oldest first; it serves where the map is such
a recursion, and needs functions of 2 d numbers only. The fits are the only step that is not explicit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from sessa_ref.constructions.causal_maps import CausalMap, Map, sup_error
from sessa_ref.constructions.channels import Channels
from sessa_ref.constructions.claim import Claim, Measured, at_most
from sessa_ref.constructions.encoding import Gated, adapters, at, channels_for, encoder, ideal_state
from sessa_ref.constructions.least_squares import Layer, fit
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.tokenwise import DELTA, lag, out
from sessa_ref.notation import Array

Route = Literal["best", "direct", "recursive"]

SIZES = (4, 8, 16, 32, 64)
"""Numbers of hidden units that are tried, for each t and each number of output."""


def next_(coordinate: int) -> str:
    """The channel in which a step of the recursion is put together."""
    return f"next.{coordinate}"


@dataclass(frozen=True)
class Approximation:
    """A network for a causal map, and how far it is from it.

    Attributes:
        network: takes tokens (..., T, d), gives the same shape.
        claim: that its sup error is at most the tolerance.
        target: the map.
        route: which read-out it has.
        tolerance: the sup error that was asked for, of an entry of the output.
        error: the largest that was found, by samples and by search.
        units: hidden units of the read-out.
        span: the range of the map's values.
        budget: the proof's steps: what each adds to the error, in words and numbers.
        details: of `sup_error`.
    """

    network: Network
    claim: Claim
    target: CausalMap
    route: str
    tolerance: float
    error: float
    units: int
    span: float
    budget: list[tuple[str, float]]
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        """Whether no error above the tolerance was found."""
        return self.error <= self.tolerance


def approximate(
    function: Map,
    T: int,
    d: int = 1,
    domain: tuple[float, float] = (-1.0, 1.0),
    tolerance: float = 0.02,
    *,
    route: Route = "best",
    sizes: Sequence[int] = SIZES,
    samples: int = 3000,
    width: int | None = None,
    effort: float = 1.0,
    seed: int = 0,
    progress: Callable[[str], None] = lambda step: None,
) -> Approximation:
    """Build a network whose outputs are within `tolerance` of F on [low, high]^(T d), entry by entry.

    Args:
        function: F, of tokens (T, d) or batches (n, T, d), continuous and causal.
        T: number of tokens.
        d: width of a token.
        domain: (low, high).
        tolerance: the sup error that is wanted.
        route: which read-out; "best" tries the recursive one where F is a recursion, then the direct one, and keeps the better.
        sizes: numbers of hidden units to try.
        samples: for the fits.
        width: of the model; (T + 1) d + 2 channels of the proof, T for the positions, d for the recursion, and room.
        effort: of the measurement: 1 is 4000 samples and 4320 inputs of a search.
        seed: of all random choices.
        progress: called with what is being done.

    Raises:
        ValueError: an argument is out of its range, or F gives no finite numbers of the right shape.
        NotCausalError: F is not causal; two inputs show it.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
    rng = np.random.default_rng(seed)
    progress("trying F for causality")
    target = CausalMap.of(function, T, d, domain)
    channels = channels_for(T, d, [next_(i) for i in range(d)], max(width or 0, 48))
    x = target.sample(samples, rng)
    y = target(x)
    span = float(y.max() - y.min())
    found: list[Approximation] = []
    for name, readout in (("recursive", _recursive), ("direct", _direct)):
        if route not in ("best", name) or (found and found[-1].reached):
            continue
        progress(f"fitting the {name} read-out")
        built = readout(channels, T, d, x, y, tolerance, sizes, rng, progress)
        if built is None:
            if route == name:
                raise ValueError(
                    "F is no recursion F(x)_t = phi_t(F(x)_(t-1), x_t): the recursive read-out cannot serve"
                )
            continue
        progress(f"measuring the {name} network")
        found.append(_measured(channels, target, name, *built, tolerance, span, effort, rng))
    return min(found, key=lambda one: one.error)


def _direct(channels, T, d, x, y, tolerance, sizes, rng, progress):
    """out <- F_t(prefix) at each t: units and linear terms, with gates that let each act at its t only."""
    blocks = Gated(channels, T, "read-out")
    units, worst, lipschitz = 0, 0.0, 0.0
    linear: dict[str, dict[str, dict[str, float]]] = {}
    constants: dict[str, dict[str, float]] = {out(i): {} for i in range(d)}
    for t in range(T):
        progress(f"fitting F_t at t = {t}")
        names = [lag(t - j, i) for j in range(t + 1) for i in range(d)]
        prefix = x[:, : t + 1].reshape(len(x), -1)
        for i in range(d):
            layer, active, error = _fit_active(prefix, y[:, t, i], tolerance / 4, sizes, rng)
            worst, lipschitz, units = max(worst, error), max(lipschitz, layer.lipschitz), units + layer.units
            used = [names[k] for k in active]
            for k in range(layer.units):
                form = dict(zip(used, layer.inner[k].tolist(), strict=True)) | {"1": float(layer.bias[k])}
                blocks.unit(form, {out(i): {at(t): float(layer.weights[k])}})
            for name, weight in zip(used, layer.linear.tolist(), strict=True):
                linear.setdefault(name, {}).setdefault(out(i), {})[at(t)] = weight
            # U_out holds x_t, and what is added must replace it
            gate = linear.setdefault(lag(0, i), {}).setdefault(out(i), {})
            gate[at(t)] = gate.get(at(t), 0.0) - 1.0
            constants[out(i)][at(t)] = layer.constant
    for name, to in linear.items():
        blocks.channel(name, to)
    blocks.constant(constants)
    return blocks.blocks(), units, worst, lipschitz


def _recursive(channels, T, d, x, y, tolerance, sizes, rng, progress):
    """out <- phi_i(out, x_i), i = t - lag, for lag = T - 1 .. 0 at the tokens t >= lag; None where F is no recursion."""
    states = np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
    wanted = tolerance / (2 * T)
    names = [out(i) for i in range(d)]
    first = [_fit_active(x[:, 0], y[:, 0, i], wanted, sizes, rng) for i in range(d)]
    steps: list[list[tuple[Layer, list[int], float]]] = [first]
    shared = None
    for t in range(1, T):
        progress(f"fitting phi_t at t = {t}")
        z = np.concatenate([states[:, t], x[:, t]], axis=1)
        if shared is not None:
            errors = [float(np.abs(layer(z[:, a]) - y[:, t, i]).max()) for i, (layer, a, _) in enumerate(shared)]
            if max(errors) <= wanted:
                steps.append([(layer, a, e) for (layer, a, _), e in zip(shared, errors, strict=True)])
                continue
        try_out = [_fit_active(z, y[:, t, i], wanted, sizes, rng) for i in range(d)]
        if max(error for *_, error in try_out) > max(tolerance, 0.05 * float(np.ptp(y))):
            return None
        steps.append(try_out)
        shared = try_out
    blocks: list = []
    for number in range(T - 1, -1, -1):
        stage = Gated(channels, T, f"step at lag {number}")
        groups: dict[int, tuple[list[int], list]] = {}
        for t in range(number, T):
            groups.setdefault(id(steps[t - number][0][0]), ([], steps[t - number]))[0].append(t)
        linear: dict[str, dict[str, dict[str, float]]] = {}
        constants: dict[str, dict[str, float]] = {}
        for times, layers in groups.values():
            inputs = [lag(number, i) for i in range(d)]
            inputs = inputs if layers is first else names + inputs
            for i, (layer, active, _) in enumerate(layers):
                used = [inputs[k] for k in active]
                for k in range(layer.units):
                    form = dict(zip(used, layer.inner[k].tolist(), strict=True)) | {"1": float(layer.bias[k])}
                    stage.unit(form, {next_(i): {at(t): float(layer.weights[k]) for t in times}})
                for name, weight in zip(used, layer.linear.tolist(), strict=True):
                    linear.setdefault(name, {}).setdefault(next_(i), {}).update({at(t): weight for t in times})
                constants.setdefault(next_(i), {}).update({at(t): layer.constant for t in times})
        for name, to in linear.items():
            stage.channel(name, to)
        stage.constant(constants)
        commit = Gated(channels, T, f"end of the step at lag {number}")
        acts = {at(t): 1.0 for t in range(number, T)}
        for i in range(d):
            commit.channel(next_(i), {out(i): acts, next_(i): {"1": -1.0}})
            commit.channel(out(i), {out(i): dict.fromkeys(acts, -1.0)})
        blocks += stage.blocks() + commit.blocks()
    layers = {id(layer): (layer, error) for step in steps for layer, _, error in step}
    units = sum(layer.units for layer, _ in layers.values())
    return blocks, units, max(e for _, e in layers.values()), max(layer.lipschitz for layer, _ in layers.values())


def _fit_active(
    z: Array, y: Array, error: float, sizes: Sequence[int], rng: np.random.Generator
) -> tuple[Layer, list[int], float]:
    """A fit on the inputs that matter: first on those that are not independent of y, by a linear look, then on all."""
    active = _active(z, y)
    layer, worst = fit(z[:, active], y, error, sizes, rng)
    if worst > error and len(active) < z.shape[1]:
        other, error_of_all = fit(z, y, error, sizes, rng)
        if error_of_all < worst:
            return other, list(range(z.shape[1])), error_of_all
    return layer, active, worst


def _active(z: Array, y: Array) -> list[int]:
    """Inputs that a boosted look at products and kinks of few features finds useful; all where nothing stands out."""
    candidates = [z[:, k] for k in range(z.shape[1])]
    relevance = []
    centred = y - y.mean()
    for column in candidates:
        basis = np.stack([column, np.abs(column), np.tanh(3 * column)], axis=1)
        cross = np.concatenate([basis] + [basis[:, :1] * np.tanh(3 * other)[:, None] for other in candidates], axis=1)
        cross = cross - cross.mean(axis=0)
        coefficients = np.linalg.lstsq(cross, centred, rcond=1e-8)[0]
        relevance.append(
            1 - float(np.mean((centred - cross @ coefficients) ** 2)) / max(float(np.mean(centred**2)), 1e-300)
        )
    strongest = max(relevance)
    chosen = [k for k, value in enumerate(relevance) if value > 0.02 + 0.05 * strongest]
    return chosen or list(range(z.shape[1]))


def _measured(
    channels: Channels,
    target: CausalMap,
    route: str,
    readout: list,
    units: int,
    fitted: float,
    lipschitz: float,
    tolerance: float,
    span: float,
    effort: float,
    rng: np.random.Generator,
) -> Approximation:
    T, d = target.T, target.d
    front = encoder(channels, T, d)
    unembed = adapters(channels, d)[1]
    back = Network.of(readout, unembed=unembed)
    network = front.then(back)
    network = Network(
        network.blocks, network.names, network.embed, network.unembed, {"route": route, "T": T, "d": d, "units": units}
    )
    x = target.sample(256, rng)
    packed, ideal = front(x), ideal_state(channels, T, d, x)
    packing = float(np.linalg.norm(packed - ideal, axis=-1).max())
    through = float(np.abs(back(packed) - back(ideal)).max())
    readout_error = float(np.abs(back(ideal) - target(x)).max())
    details = sup_error(target, network, rng, max(int(4000 * effort), 24), max(int(30 * effort), 1))
    error = max(details["sampled"], details["searched"])
    largest = max(abs(target.low), abs(target.high)) * np.sqrt(d)
    budget = [
        ("step 3, packing: |G_pack(x)_t - ideal|, measured", packing),
        (
            "step 3, packing: 2 delta M sqrt(T - 1), the proof's bound without rounding",
            2 * DELTA * largest * np.sqrt(max(T - 1, 1)),
        ),
        ("step 4, what packing errors do to the output, measured", through),
        ("step 4, a Lipschitz constant of the fitted layers", lipschitz),
        ("step 5, the fits on samples held back (the step that is not explicit)", fitted),
        ("step 5, read-out error on ideal states, measured", readout_error),
        (f"step 6, sup error over {details['samples']} samples", details["sampled"]),
        (f"step 6, sup error after {details['tried']} more inputs of a search", details["searched"]),
        ("step 6, largest Frobenius norm of an output's error", details["frobenius"]),
    ]

    def measure(inputs: Array) -> list[Measured]:
        return [at_most("sup |network - F|", float(np.abs(network(inputs) - target(inputs)).max()), tolerance)]

    says = (
        f"|network(x) - F(x)| <= {tolerance:g} in every entry, for x in [{target.low:g}, {target.high:g}]^({T} x {d})"
    )
    return Approximation(
        network, Claim("thm:14", says, measure), target, route, tolerance, error, units, span, budget, details
    )
