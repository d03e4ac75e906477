"""Theorem 14: a network for a continuous causal map that is given as a Python function.

The encoder is explicit. The read-out is fitted to samples: recursive, step by step, where F is a recursion, or direct, as in
the proof. The fits are the only step that no formula gives.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from sessa_ref.constructions.causal_maps import CausalMap, Map, sup_error
from sessa_ref.constructions.claim import Claim, Measured, at_most
from sessa_ref.constructions.encoding import adapters, channels_for, encoder, ideal_state
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.readouts import Readout, Samples, direct, next_, recursive
from sessa_ref.constructions.tokenwise import DELTA
from sessa_ref.notation import Array

Route = Literal["best", "direct", "recursive"]

SIZES = (4, 8, 16, 32, 64)
"""Numbers of hidden units that are tried, for each t and each number of output."""

FITS = "step 5, the fits on samples held back (the step that is not explicit)"
"""The budget's line for them."""


@dataclass(frozen=True)
class Approximation:
    """A network for a causal map, and its distance from the map.

    Attributes:
        network: takes tokens (..., T, d), gives the same shape.
        claim: that its sup error is at most the tolerance.
        target: the map.
        route: which read-out it has.
        tolerance: the wanted sup error of an entry of the output.
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
    samples: int | None = None,
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
        samples: for the fits; by default 2000 and 500 more for each number of an input.
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
    x = target.sample(samples or 2000 + 500 * T * d, rng)
    y = target(x)
    given = Samples(channels, x, y, target.dependence(rng), tolerance, sizes, rng, progress)
    found: list[Approximation] = []
    for name, fitted in (("recursive", recursive), ("direct", direct)):
        if route not in ("best", name) or (found and found[-1].reached):
            continue
        progress(f"fitting the {name} read-out")
        readout = fitted(given)
        if readout is not None:
            progress(f"measuring the {name} network")
            found.append(_measured(given, target, name, readout, effort))
    if not found:
        raise ValueError("F is no recursion F(x)_t = phi_t(F(x)_(t-1), x_t): the recursive read-out cannot serve")
    return min(found, key=lambda one: one.error)


def _measured(given: Samples, target: CausalMap, route: str, readout: Readout, effort: float) -> Approximation:
    T, d, channels = target.T, target.d, given.channels
    front = encoder(channels, T, d)
    back = Network.of(readout.blocks, unembed=adapters(channels, d)[1], notes={"route": route, "T": T, "d": d})
    network = front.then(back)
    x = target.sample(256, given.rng)
    packed, ideal = front(x), ideal_state(channels, T, d, x)
    details = sup_error(target, network, given.rng, max(int(4000 * effort), 24), max(int(30 * effort), 1))
    error = max(details["sampled"], details["searched"])
    bound = 2 * DELTA * max(abs(target.low), abs(target.high)) * np.sqrt(d * max(T - 1, 1))
    budget = [
        ("step 3, packing: |G_pack(x)_t - ideal|, measured", float(np.linalg.norm(packed - ideal, axis=-1).max())),
        ("step 3, packing: 2 delta M sqrt(T - 1), the proof's bound without rounding", float(bound)),
        ("step 4, what packing errors do to the output, measured", float(np.abs(back(packed) - back(ideal)).max())),
        ("step 4, a Lipschitz constant of the fitted layers", readout.lipschitz),
        (FITS, readout.error),
        ("step 5, read-out error on ideal states, measured", float(np.abs(back(ideal) - target(x)).max())),
        (f"step 6, sup error over {details['samples']} samples", details["sampled"]),
        (f"step 6, sup error after {details['tried']} more inputs of a search", details["searched"]),
        ("step 6, largest Frobenius norm of an output's error", details["frobenius"]),
    ]

    def measure(inputs: Array) -> list[Measured]:
        return [at_most("sup |network - F|", float(np.abs(network(inputs) - target(inputs)).max()), given.tolerance)]

    says = f"|network(x) - F(x)| <= {given.tolerance:g} in every entry, for x in [{target.low:g}, {target.high:g}]^({T} x {d})"
    return Approximation(
        network=network,
        claim=Claim("thm:14", says, measure),
        target=target,
        route=route,
        tolerance=given.tolerance,
        error=error,
        units=readout.units,
        span=float(np.ptp(given.y)),
        budget=budget,
        details=details,
    )
