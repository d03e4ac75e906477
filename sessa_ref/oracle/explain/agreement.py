"""How well a mistake agrees with what an implementation computed: the distance of its values, in bounds."""

from collections.abc import Iterator, Sequence

import numpy as np

from sessa_ref import reference
from sessa_ref.faults import Fault, with_faults
from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Changes
from sessa_ref.faults.variations.variation import Variation, only_prefill, together
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.implementation.protocol import Values
from sessa_ref.reference import DEFINITION, Formulas

Mistake = Fault | Variation

SLACK = 8.0
"""A faulty layer may be worse conditioned than the right one, whose bounds are used. Where the failure itself is
not much larger, a fault has to come closer: see `allowed`."""

NEARLY = 1e-5
"""Part of an error that may stay unexplained: constants in a layer are often float32, with a roundoff of 6e-8."""

ROUNDED = 0.98
"""Share of the elements that a rounding must reproduce: some libraries round in two steps, and ties may break."""

TIES = 0.1
"""Part of a rounding error that may remain where a tie was rounded the other way; later tokens inherit it."""

_DIRECTIONS = 3
STEP = 1e-30


def explains(mistakes: Sequence[Mistake], observation: Observation) -> bool:
    """Whether the layer with these mistakes gives what the implementation gave, right or wrong."""
    if observation.expectation is None:
        return True
    if not mistakes:
        return observation.comparison is None
    limit = allowed(observation)
    if observation.comparison is not None and any(isinstance(m, Variation) and m.rounds for m in mistakes):
        limit = max(limit, TIES * observation.comparison.ratio)
    return misfit(mistakes, observation) <= limit


def allowed(observation: Observation) -> float:
    """How many bounds a mistake's values may be from the implementation's: fewer than half of what the truth is.

    Where the truth is very far, as much as constants of float32 explain in a layer of float64.
    """
    if observation.comparison is None:
        return SLACK
    ratio = observation.comparison.ratio
    return max(strictly_allowed(observation), NEARLY * ratio if np.isfinite(ratio) else 0.0)


def strictly_allowed(observation: Observation) -> float:
    """The same, for mistakes that are made in the implementation's own precision."""
    return SLACK if observation.comparison is None else min(SLACK, max(1.0, observation.comparison.ratio / 2))


def misfit(mistakes: Sequence[Mistake], observation: Observation) -> float:
    """The distance of the implementation's values from those of the layer with these mistakes, in bounds."""
    expectation, comparison = observation.expectation, observation.comparison
    if expectation is None:
        return 0.0
    observed, output = observed_values(observation), expectation.output
    split = comparison.split if comparison is not None else expectation.case.split
    faults = [m for m in mistakes if isinstance(m, Fault)]
    changes = together(*(m.changes for m in mistakes if isinstance(m, Variation)))
    share = ROUNDED if any(isinstance(m, Variation) and m.rounds for m in mistakes) else 1.0
    try:
        with np.errstate(all="ignore"):
            if observation.result.check == "decode":
                decodings = _decodings(expectation, split, changes, faults)
                return min(distance(expectation, output, observed.get(output), values, share) for values in decodings)
            formulas = with_faults(*(fault for fault in faults if not fault.only))
            if observation.result.check == "gradients":
                return gradient_distance(expectation, observed, changes, formulas)
            predicted = forward_values(expectation, changes, formulas)
            return distance(expectation, output, observed.get(output), predicted, share)
    except (ArithmeticError, ValueError, IndexError, TypeError, KeyError, np.linalg.LinAlgError):
        return np.inf


def observed_values(observation: Observation) -> Values:
    """What the implementation computed. Where it passed, the true values stand for it."""
    if observation.comparison is not None:
        return observation.comparison.values
    return {} if observation.expectation is None else observation.expectation.true


def forward_values(expectation: Expectation, changes: Changes, formulas: Formulas = DEFINITION) -> np.ndarray:
    """The output with these changes, and with these formulas."""
    case = expectation.case
    if changes:
        return graph.forward(case.parameters, case.x, changes, formulas=formulas, start=case.level.start)
    return case.level.forward(case.parameters, case.x, formulas)


def _decodings(expectation: Expectation, split: int, changes: Changes, faults: Sequence[Fault]) -> Iterator[np.ndarray]:
    """What decoding may give with these mistakes.

    Steps may have a mistake of whole sequences or not, and one that needs the past may act as in the sequence.
    """
    case = expectation.case
    if changes:
        formulas = with_faults(*(fault for fault in faults if not fault.only))
        yield graph.decoded(case.parameters, case.x, split, changes, formulas)
        yield graph.decoded(case.parameters, case.x, split, only_prefill(changes), formulas)
        yield graph.forward(case.parameters, case.x, changes, formulas=formulas)
        return
    prefill = [fault for fault in faults if fault.only != "decoding"]
    steps = [fault for fault in faults if fault.only != "prefill"]
    of_sequences = [fault for fault in steps if not fault.only and fault.area != "decode"]
    for kept in (steps, [fault for fault in steps if fault not in of_sequences]) if of_sequences else (steps,):
        yield reference.decode(
            case.parameters, case.x, split, formulas=with_faults(*prefill), step_formulas=with_faults(*kept)
        )


def gradient_distance(
    expectation: Expectation, observed: Values, changes: Changes, formulas: Formulas = DEFINITION
) -> float:
    """Either the faulty backward pass gives the observed gradient, or it is the gradient of the faulty forward pass.

    The latter is seen by complex steps along random directions.
    """
    case = expectation.case
    names = expectation.gradients
    if any(name not in observed for name in names):
        return np.inf
    direct = np.inf
    if not changes:
        predicted = case.level.evaluate(case.parameters, case.x, case.dy, formulas)
        direct = max(distance(expectation, name, observed[name], predicted[name]) for name in names)
        if direct <= 1:
            return direct
    slopes = Slopes(expectation, observed)
    try:
        worst = max(
            slopes.distance(number, slopes.along(number, changes, formulas))
            for number in range(_DIRECTIONS if changes else 1)
        )
    except TypeError:  # a fault that complex numbers cannot pass
        return direct
    return min(direct, worst if np.isfinite(worst) else np.inf)


class Slopes:
    """Derivatives along random directions of x and all parameters: observed, and of a layer with changes."""

    def __init__(self, expectation: Expectation, observed: Values) -> None:
        self.expectation = expectation
        self.observed = observed
        self.names = expectation.gradients

    def direction(self, number: int) -> Values:
        """The direction of this number: the first moves everything, the others one half of the parameters each."""
        generator = np.random.default_rng(number)
        direction = {name: generator.normal(size=self.expectation.true[name].shape) for name in self.names}
        if number:
            kept = generator.integers(2, size=len(self.names))
            kept = kept if kept.any() else 1 - kept
            for name, keep in zip(self.names, kept, strict=True):
                direction[name] *= keep
        return direction

    def along(self, number: int, changes: Changes, formulas: Formulas = DEFINITION) -> float:
        """The derivative of <dy, y> of the layer with changes, and with these formulas."""
        case, direction = self.expectation.case, self.direction(number)
        return slope(case.moved({name: 1j * STEP * v for name, v in direction.items()}), changes, formulas)

    def distance(self, number: int, along: float) -> float:
        """How far from the implementation's gradient, in bounds."""
        direction = self.direction(number)
        observed = sum(float(np.sum(self.observed[name] * v)) for name, v in direction.items())
        bound = sum(float(np.sum(self.expectation.bounds(name) * np.abs(v))) for name, v in direction.items())
        return abs(along - observed) / bound


def distance(
    expectation: Expectation, quantity: str, observed: np.ndarray | None, predicted: np.ndarray, share: float = 1.0
) -> float:
    """The largest distance over a share of a quantity's elements, in bounds; not finite on both sides is alike."""
    if observed is None or observed.shape != predicted.shape:
        return np.inf
    with np.errstate(invalid="ignore"):
        ratios = np.abs(observed.astype(np.float64) - predicted) / expectation.bounds(quantity)
    alike = ~np.isfinite(observed) & ~np.isfinite(predicted)
    distances = np.where(alike, 0.0, np.where(np.isfinite(ratios), ratios, np.inf))
    if share < 1 and distances.size:
        return float(np.sort(distances, axis=None)[int(share * (distances.size - 1))])
    return float(np.max(distances, initial=0.0))


def slope(moved: Case, changes: Changes, formulas: Formulas = DEFINITION) -> float:
    """The derivative of sum(dy * output) along the imaginary parts of a case, which are steps of size `STEP`."""
    if changes:
        output = graph.forward(moved.parameters, moved.x, changes, formulas=formulas, start=moved.level.start)
    else:
        output = moved.level.forward(moved.parameters, moved.x, formulas)
    return float(np.sum(moved.dy * np.imag(output))) / STEP
