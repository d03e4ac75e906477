"""The checks: each runs one aspect of an implementation on one case and measures error/bound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.isolation import LimitError
from sessa_ref.oracle.implementation.padding import DECODED, layouts, unpadded
from sessa_ref.oracle.implementation.protocol import Implementation, ImplementationError, UnsupportedError, Values
from sessa_ref.oracle.report.results import Result, Status
from sessa_ref.precision import PRECISIONS

FLOAT32_ANGLES = 2.0**-24
"""Unit roundoff of float32 rotary angles, a known departure of float64 layers."""

DEPARTURE = "float32 rotary angles: "
"""How messages about that departure begin."""

DECLINING = " (an optional config; to decline it, raise UnsupportedError or write unsupported.txt)"
"""What an error says in addition where the implementation could have declined."""


@dataclass(frozen=True)
class Finding:
    """The worst that a check found."""

    ratio: float = 0.0
    """Largest error/bound."""
    tolerant: float = 0.0
    """The same where float32 rotary angles are granted."""
    message: str = ""
    values: Values = field(default_factory=dict)
    """What the implementation computed, for the diagnosis."""
    split: int = 0
    """Tokens of the prefill, where the values were decoded."""
    compared: bool = False
    """Whether any number was compared: a ratio of 0 says nothing without."""

    def worse(self, other: "Finding") -> "Finding":
        """The worse of two findings."""
        worst = other if other.ratio > self.ratio else self
        tolerant, compared = max(self.tolerant, other.tolerant), self.compared or other.compared
        return replace(worst, tolerant=tolerant, compared=compared)


class Observation(NamedTuple):
    """A result, what it was measured against, and for a failed one what was found."""

    result: Result
    finding: Finding | None = None
    expectation: Expectation | None = None


def run_checks(
    implementation: Implementation, expectation: Expectation, require: Sequence[str] = ()
) -> Iterator[Observation]:
    """Run the checks of a case, one observation each; failures of the implementation become errored results.

    What the implementation declines is skipped, where it may: nobody declines the outputs of a published config, nor what
    is in `require`. A check that goes beyond a limit ends the case: the next one would most likely take as long.

    Raises:
        TargetError: the implementation cannot be run at all.
    """
    case, dtype = expectation.case, expectation.dtype
    optional = not case.parameters.config.is_published
    gave_up = ""
    for name, check in CHECKS.items():
        required = name not in FINDINGS or name in require
        if not applies(name, case, dtype):
            continue
        # Nothing can be wrong about no tokens: who refuses them is less robust, not mistaken.
        errored = Result(case.name, dtype, name, Status.ERRORED, None, gave_up, required and case.x.shape[1] > 0)
        if gave_up:
            yield Observation(errored)
            continue
        try:
            finding = check(implementation, expectation)
        except UnsupportedError as unsupported:
            if not optional and name in require:
                yield Observation(replace(errored, message=f"{name} cannot be declined, it is required: {unsupported}"))
            else:
                yield Observation(replace(errored, status=Status.SKIPPED, message=str(unsupported), required=required))
        except ImplementationError as error:
            if isinstance(error, LimitError):
                gave_up = f"not run, because {name} ended so: {error}"
            yield Observation(replace(errored, message=f"{error}{DECLINING if optional else ''}"))
        else:
            if finding is None:  # it is about something that the published layer does not have either
                if name in require:
                    yield Observation(replace(errored, message=f"{name} is required, and it takes no mask"))
                continue
            status, message = Status.FAILED, finding.message
            if finding.ratio <= 1:
                status, message = Status.PASSED, ""
            elif finding.tolerant <= 1:
                status, message = Status.DEPARTED, f"{DEPARTURE}{finding.message}"
            ratio = finding.ratio if finding.compared or finding.ratio else None
            result = Result(case.name, dtype, name, status, ratio, message, required)
            yield Observation(result, finding if status is Status.FAILED else None, expectation)


def applies(check: str, case: Case, dtype: str) -> bool:
    """Whether a case goes through a check: every case through the first four, the others where asked for.

    The past of the middle token is empty below two tokens: nothing could be compared there.
    """
    if check == "differences" and dtype != "float64":
        return False
    if check in ("causality", "NaN isolation") and case.x.shape[1] < 2:
        return False
    return check in ("forward", "gradients", "decode", "causality") or check in case.extras


def forward(implementation: Implementation, expectation: Expectation) -> Finding:
    """The output against the true one."""
    return compare(expectation, _forward(implementation, expectation.case, expectation.dtype), ["y"])


def gradients(implementation: Implementation, expectation: Expectation) -> Finding:
    """The gradients of the input and of every parameter against the true ones."""
    values = implementation.run("vjp", expectation.case, expectation.dtype)
    return compare(expectation, values, [name for name in expectation.true if name != "y"])


def decode(implementation: Implementation, expectation: Expectation) -> Finding:
    """A prefill, and every later token decoded from the cache, for every split of the case."""
    case, worst = expectation.case, Finding()
    for split in (case.split, *case.other_splits):
        try:
            values = implementation.run("decode", replace(case, split=split), expectation.dtype)
        except UnsupportedError:
            if worst.ratio > 1:  # what is wrong already is not declined by the next split
                return worst
            raise
        worst = worst.worse(replace(compare(expectation, values, ["y"]), split=split))
    return worst


def causality(implementation: Implementation, expectation: Expectation) -> Finding:
    """Other tokens from the middle on leave the implementation's own outputs before it as they were."""
    x = expectation.case.x
    middle = x.shape[1] // 2
    return _compare_past(implementation, expectation, middle, -2 * np.roll(x[:, middle:], 1, axis=-1))


def nan_isolation(implementation: Implementation, expectation: Expectation) -> Finding:
    """A NaN, and an infinity, in the middle token leave the implementation's own outputs before it as they were."""
    middle = expectation.case.x.shape[1] // 2
    worst = Finding()
    for bad in (np.nan, np.inf):
        spoiled = expectation.case.x[:, middle:].copy()
        spoiled[:, :1] = bad
        worst = worst.worse(_compare_past(implementation, expectation, middle, spoiled))
    return worst


def calls(implementation: Implementation, expectation: Expectation) -> Finding:
    """Earlier calls, the memory layout, the batch and training mode make no difference; the input stays."""
    values = implementation.run("calls", expectation.case, expectation.dtype)
    worst = Finding()
    given = expectation.case.x.astype(_carrier(expectation))
    if not np.array_equal(values.pop("x after the call", np.zeros(0)), given):
        worst = Finding(np.inf, np.inf, "it modifies its input")
    for label, value in values.items():
        quantity = label.split(" ")[0]
        if label == "y of the first row alone":
            worst = worst.worse(_compare_part(expectation, value, label, 1, expectation.case.x.shape[1]))
        elif label == "y of the first half after the whole":
            rows, tokens, _ = expectation.case.x.shape
            worst = worst.worse(_compare_part(expectation, value, label, rows, tokens // 2))
        elif quantity in expectation.true:  # a gradient of something else is nobody's business
            worst = worst.worse(_compare_one(expectation, quantity, value, label))
    return worst


def lengths(implementation: Implementation, expectation: Expectation) -> Finding:
    """The outputs for the first tokens alone, whatever their number: the layer is causal, so they are known."""
    values = implementation.run("lengths", expectation.case, expectation.dtype)
    worst = Finding()
    batch, longest, _ = expectation.case.x.shape
    for T in range(1, longest + 1):
        label = f"y of {T} tokens"
        worst = worst.worse(_compare_part(expectation, values.get(label, np.zeros(0)), label, batch, T))
    return worst


def padding(implementation: Implementation, expectation: Expectation) -> Finding | None:
    """Outputs of tokens with padding before, between or after them, and of steps after a padded prompt.

    None where the implementation takes no mask of real tokens.
    """
    case = expectation.case
    values = implementation.run("padded", case, expectation.dtype)
    if not values:
        return None
    real = {"y with a mask of real tokens alone": np.ones(case.x.shape[:2], dtype=bool), **layouts(case)}
    worst = Finding()
    for label, places in real.items():
        if label == DECODED and label not in values:
            continue
        value = values.get(label, np.zeros(0))
        problem = _wrong_form(label, value, case.x.shape, _carrier(expectation))
        unpadded_value = value if problem else unpadded(value, places, expectation.true["y"])
        worst = worst.worse(problem or _compare_one(expectation, "y", unpadded_value, label))
    return worst


def differences(implementation: Implementation, expectation: Expectation) -> Finding:
    """The implementation's own gradient against differences of its own outputs, along one random direction.

    The tolerance is the rounding error of the outputs over the step, plus what halving the step changes.
    """
    case, step = expectation.case, 2.0**-16
    generator = np.random.default_rng(0)
    direction = {"dx": generator.normal(size=case.x.shape)} | {
        f"grad.{name}": 0.1 * generator.normal(size=array.shape) for name, array in case.parameters.items()
    }
    own = implementation.run("vjp", case, "float64")
    for name, v in direction.items():
        problem = _wrong_form(name, own.get(name, np.zeros(0)), v.shape, "float64")
        if problem:
            return problem
    along = sum(float(np.sum(own[name] * v)) for name, v in direction.items())

    def output(h: float) -> np.ndarray:
        y = _output(implementation, _moved(case, direction, h), "float64")
        if problem := _wrong_form("y", y, case.x.shape, "float64"):
            raise ImplementationError(problem.message)
        return y

    def slope(h: float) -> float:
        with np.errstate(all="ignore"):  # infinite outputs are found below
            return float(np.sum(case.dy * (output(h) - output(-h)))) / (2 * h)

    coarse, fine = slope(2 * step), slope(step)
    inputs = {"dx": case.x} | {f"grad.{name}": array for name, array in case.parameters.items()}
    representation = sum(float(np.sum(np.abs(own[name] * inputs[name]))) for name in direction)
    rounding = float(np.sum(np.abs(case.dy) * expectation.bounds("y"))) + 2.0**-53 * representation
    ratio = abs(fine - along) / (rounding / step + abs(fine - coarse))
    ratio = ratio if np.isfinite(ratio) else np.inf
    message = f"slope {along:.6g} by its gradient, {fine:.6g} by differences of its outputs"
    return Finding(ratio, ratio, message, compared=True)


CHECKS: dict[str, Callable[[Implementation, Expectation], Finding | None]] = {
    "forward": forward,
    "gradients": gradients,
    "decode": decode,
    "causality": causality,
    "calls": calls,
    "lengths": lengths,
    "padding": padding,
    "differences": differences,
    "NaN isolation": nan_isolation,
}
"""Every check by name."""

FINDINGS = ("NaN isolation",)
"""Checks on robustness, which never decide the verdict."""


def compare(expectation: Expectation, values: Values, quantities: list[str]) -> Finding:
    """The worst error/bound over all elements of some quantities, which must all be there."""
    worst = Finding()
    for name in quantities:
        if name not in values:
            return Finding(np.inf, np.inf, f"{name} is missing", values)
        worst = worst.worse(_compare_one(expectation, name, values[name], name))
    return replace(worst, values=values)


def _compare_one(expectation: Expectation, quantity: str, value: np.ndarray, label: str) -> Finding:
    wanted = expectation.true[quantity]
    problem = _wrong_form(label, value, wanted.shape, _carrier(expectation))
    if problem:
        return problem
    finding = _worst(label, expectation.error_ratios(quantity, value))
    if finding.ratio > 1 and expectation.dtype == "float64" and expectation.case.parameters.config.rope:
        tolerant = _worst(label, expectation.error_ratios(quantity, value, FLOAT32_ANGLES))
        return replace(finding, tolerant=tolerant.ratio)
    return finding


def _compare_part(expectation: Expectation, value: np.ndarray, label: str, rows: int, tokens: int) -> Finding:
    """An output for the first rows and tokens alone, which is a part of the whole one."""
    true = expectation.true["y"]
    problem = _wrong_form(label, value, (rows, tokens, true.shape[2]), _carrier(expectation))
    if problem:
        return problem
    whole = true.astype(value.dtype)
    whole[:rows, :tokens] = value
    return _compare_one(expectation, "y", whole, label)


def _compare_past(
    implementation: Implementation, expectation: Expectation, middle: int, replacement: np.ndarray
) -> Finding:
    """Outputs before `middle`, with and without the tokens from there on replaced.

    Two correct results lie within one bound of the truth each, so within two of each other.
    """
    case, dtype = expectation.case, expectation.dtype
    x = case.x.copy()
    x[:, middle:] = replacement
    before, after = _output(implementation, case, dtype), _output(implementation, replace(case, x=x), dtype)
    for value in (before, after):
        problem = _wrong_form("y", value, x.shape, _carrier(expectation))
        if problem:
            return problem
    return _worst("y", expectation.ratios("y", after, before)[:, :middle] / 2)


def _forward(implementation: Implementation, case: Case, dtype: str) -> Values:
    """The answer to a forward request, which for a published config nobody may decline, whatever the tokens."""
    try:
        return implementation.run("forward", case, dtype)
    except UnsupportedError as unsupported:
        if not case.parameters.config.is_published:
            raise
        raise ImplementationError(f"forward cannot be declined here: {unsupported}") from unsupported


def _output(implementation: Implementation, case: Case, dtype: str) -> np.ndarray:
    """What the implementation answers as y; empty where it has none, which is no output's shape."""
    return _forward(implementation, case, dtype).get("y", np.zeros(0))


def _moved(case: Case, direction: Values, step: float) -> Case:
    parameters = {name: a + step * direction[f"grad.{name}"] for name, a in case.parameters.items()}
    return replace(case, x=case.x + step * direction["dx"], parameters=case.parameters.replace(parameters))


def _wrong_form(label: str, value: np.ndarray, shape: tuple[int, ...], dtype: str) -> Finding | None:
    if value.shape != shape:
        return Finding(np.inf, np.inf, f"{label} has shape {value.shape}, expected {shape}")
    if value.dtype != dtype:
        return Finding(np.inf, np.inf, f"{label} has dtype {value.dtype}, expected {dtype}")
    return None


def _worst(label: str, ratios: np.ndarray) -> Finding:
    if not ratios.size:
        return Finding()
    where = np.unravel_index(np.argmax(ratios), ratios.shape)
    index = [int(i) for i in where] if where else ""
    ratio = float(ratios[where])
    return Finding(ratio, ratio, f"{label}{index} off by {ratio:.3g} bounds", compared=True)


def _carrier(expectation: Expectation) -> str:
    return PRECISIONS[expectation.dtype].carrier
