"""Which mistake was made: the search for a fault of the catalogue that reproduces what a candidate computed.

A fault explains a check if the reference with the fault gives the candidate's values. To explain the candidate
it must also leave alone what the candidate got right.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from sessa_ref import reference
from sessa_ref.oracle.candidate import Values
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.expectation import GROWTH, Expectation
from sessa_ref.oracle.faults import FAULTS, Fault, applied
from sessa_ref.oracle.precision import PRECISIONS
from sessa_ref.oracle.verdict import Diagnosis, Status
from sessa_ref.parameters import SessaParameters

SLACK = 8.0
"""A faulty layer may be worse conditioned than the right one, whose bounds are used. Where the failure itself is
not much larger, a fault has to come closer: see `_allowed`."""

ENOUGH = 0.8
"""Share of the observations that a fault must agree with, besides the first few: on some cases a faulty layer is
so ill-conditioned that two implementations of the very fault differ by more than any bound."""

_PROBES = 3


def diagnose(observations: Sequence[Observation]) -> list[Diagnosis]:
    """The faults that explain the failed forward, decode and gradient checks; empty where nothing failed."""
    by_check = {check: _worth_explaining(observations, check) for check in ("forward", "decode", "gradients")}
    failed = {check: [o for o in group if o.finding is not None] for check, group in by_check.items()}
    if not any(failed.values()):
        return []
    found: tuple[Fault, ...] = ()
    for check in ("forward", "decode", "gradients"):
        unexplained = [o for o in failed[check] if not _explains(found, o)]
        if not unexplained:
            continue
        better = next(_search(check, found, by_check[check]), None)
        if better is None:
            lower = _lower_precision([o for group in failed.values() for o in group])
            return [lower] if lower and not found else _summary(found, failed)
        found = better
    return _summary(found, failed)


def _summary(faults: Sequence[Fault], failed: dict[str, list[Observation]]) -> list[Diagnosis]:
    everything = [o for group in failed.values() for o in group]
    explained = sum(_explains(faults, o) for o in everything)
    together = f" together with {', '.join(f.name for f in faults[1:])}" if len(faults) > 1 else ""
    number = f"all {explained}" if explained == len(everything) else f"{explained} of {len(everything)}"
    return [
        Diagnosis(
            fault.name,
            f"explains {number} failing checks{together if fault is faults[0] else ''}: {fault.departure}",
            explained,
            len(everything),
        )
        for fault in faults
    ]


def _search(check: str, found: tuple[Fault, ...], observations: Sequence[Observation]) -> Iterator[tuple[Fault, ...]]:
    """Sets of faults, smallest first, that agree with the observations of a check."""
    areas = {"forward": None, "decode": "decode", "gradients": "gradient"}
    only = areas[check]
    pool = [f for f in FAULTS.values() if (f.area == only if only else f.area not in ("decode", "gradient"))]
    if only:
        pool = [*pool, *(f for f in FAULTS.values() if f not in pool and not found and f.area != "gradient")]
    failed = sorted((o for o in observations if o.finding is not None), key=_size)
    informative = [o for o in failed if o.result.ratio is not None and np.isfinite(o.result.ratio) and _tokens(o) > 4]
    probes = (informative or failed)[:_PROBES]
    rest = [o for o in observations if o not in probes]
    for number in (1, 2):
        agreeing = []
        for faults in combinations(pool, number):
            together = (*found, *faults)
            if all(_explains(together, o) for o in probes) and _agreement(together, rest) >= ENOUGH * len(rest):
                agreeing.append(together)
                if number > 1:  # of pairs there are too many to look for the best
                    break
        # Of those that agree within the bounds, the first; otherwise the one that comes closest.
        yield from sorted(agreeing, key=lambda faults: max(1.0, *(_misfit(faults, o) for o in probes)))


def _agreement(faults: Sequence[Fault], observations: Sequence[Observation]) -> int:
    return sum(_explains(faults, o) for o in observations)


def _explains(faults: Sequence[Fault], observation: Observation) -> bool:
    """Whether the reference with these faults gives what the candidate gave, right or wrong."""
    if observation.expectation is None:
        return True
    if not faults:
        return observation.finding is None
    return _misfit(faults, observation) <= _allowed(observation)


def _allowed(observation: Observation) -> float:
    """How many bounds a fault's values may be from the candidate's: fewer than half of what the truth is."""
    if observation.finding is None:
        return SLACK
    return min(SLACK, max(1.0, observation.finding.ratio / 2))


def _misfit(faults: Sequence[Fault], observation: Observation) -> float:
    """The distance of the candidate's values from those of the reference with these faults, in bounds."""
    expectation, finding = observation.expectation, observation.finding
    if expectation is None:
        return 0.0
    check = observation.result.check
    observed = finding.values if finding is not None else expectation.true
    split = finding.split if finding is not None else expectation.case.split
    try:
        with applied(*faults), np.errstate(all="ignore"):
            if check == "gradients":
                return _gradient_distance(expectation, observed)
            predicted = _decoded(expectation, split) if check == "decode" else _forward(expectation)
    except (FloatingPointError, ValueError, IndexError):
        return np.inf
    return _distance(expectation, "y", observed.get("y"), predicted)


def _forward(expectation: Expectation) -> np.ndarray:
    return reference.forward(expectation.case.parameters, expectation.case.x)


def _decoded(expectation: Expectation, split: int) -> np.ndarray:
    parameters, x = expectation.case.parameters, expectation.case.x
    y, cache = reference.prefill(parameters, x[:, :split])
    outputs = [y]
    for t in range(split, x.shape[1]):
        y_t, cache = reference.decode_step(parameters, x[:, t], cache)
        outputs.append(y_t[:, None])
    return np.concatenate(outputs, axis=1)


def _gradient_distance(expectation: Expectation, observed: Values) -> float:
    """Either the faulty backward pass gives the observed gradient, or it is the gradient of the faulty forward pass.

    The latter is seen by a complex step along one random direction.
    """
    case = expectation.case
    names = [name for name in expectation.true if name != "y"]
    if any(name not in observed for name in names):
        return np.inf
    dx, gradients = reference.vjp(case.parameters, case.x, case.dy)
    predicted = {"dx": dx} | {f"grad.{name}": gradient for name, gradient in gradients.items()}
    direct = max(_distance(expectation, name, observed[name], predicted[name]) for name in names)
    if direct <= 1:
        return direct
    generator, step = np.random.default_rng(0), 1e-30
    direction = {name: generator.normal(size=expectation.true[name].shape) for name in names}
    moved = _ComplexParameters(case.parameters, {n.removeprefix("grad."): step * v for n, v in direction.items()})
    try:
        y = reference.forward(moved, case.x + 1j * step * direction["dx"])
    except TypeError:  # a fault that complex numbers cannot pass
        return direct
    along = float(np.sum(case.dy * np.imag(y))) / step
    observed_along = sum(float(np.sum(observed[name] * v)) for name, v in direction.items())
    allowed = sum(float(np.sum(expectation.bounds(name) * np.abs(v))) for name, v in direction.items())
    distance = abs(along - observed_along) / allowed
    return min(direct, distance if np.isfinite(distance) else np.inf)


def _distance(expectation: Expectation, quantity: str, observed: np.ndarray | None, predicted: np.ndarray) -> float:
    if observed is None or observed.shape != predicted.shape:
        return np.inf
    with np.errstate(invalid="ignore"):
        ratios = np.abs(observed.astype(np.float64) - predicted) / expectation.bounds(quantity)
    alike = ~np.isfinite(observed) & ~np.isfinite(predicted)
    return float(np.max(np.where(alike, 0.0, np.where(np.isfinite(ratios), ratios, np.inf)), initial=0.0))


class _ComplexParameters(SessaParameters):
    """Parameters with an imaginary part, for complex steps."""

    def __init__(self, parameters: SessaParameters, imaginary: Values) -> None:
        self.config = parameters.config
        self._arrays = {name: np.asarray(a + 1j * imaginary[name]) for name, a in parameters.items()}


def _lower_precision(failed: Sequence[Observation]) -> Diagnosis | None:
    """Whether all errors are of the size that a lower precision makes."""
    for lower, name in (
        ("float32", "ComputesFloat32"),
        ("float16", "ComputesFloat16"),
        ("bfloat16", "ComputesBfloat16"),
    ):
        ratios = []
        for o in failed:
            if o.expectation is None or o.finding is None or PRECISIONS[o.result.dtype].unit >= PRECISIONS[lower].unit:
                break
            ratios.append(max(_scaled_error(o.expectation, name, v, lower) for name, v in o.finding.values.items()))
        else:
            if ratios and max(ratios) <= 1 and np.median(ratios) >= 0.1 / GROWTH:
                text = f"explains all {len(failed)} failing checks: the errors are as large as computing in {lower} makes them"
                return Diagnosis(name, text, len(failed), len(failed))
    return None


def _scaled_error(expectation: Expectation, quantity: str, value: np.ndarray, lower: str) -> float:
    if quantity not in expectation.true or value.shape != expectation.true[quantity].shape:
        return np.inf
    scale = PRECISIONS[lower].unit / PRECISIONS[expectation.dtype].unit
    return float(np.max(expectation.error_ratios(quantity, value), initial=0.0)) / scale


def _worth_explaining(observations: Sequence[Observation], check: str) -> list[Observation]:
    """Passed, departed and failed observations of a check in the finest precision in which something failed."""
    relevant = [o for o in observations if o.result.check == check and o.expectation is not None]
    for dtype in PRECISIONS:
        group = [o for o in relevant if o.result.dtype == dtype]
        if any(o.finding is not None for o in group):
            return [o for o in group if o.result.status is not Status.DEPARTED]
    return []


def _tokens(observation: Observation) -> int:
    return 0 if observation.expectation is None else observation.expectation.case.x.shape[1]


def _size(observation: Observation) -> int:
    return 0 if observation.expectation is None else observation.expectation.case.x.size
