"""The checks: each runs one aspect of an implementation on one case and measures error/bound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.comparison import (
    Comparison,
    Problem,
    Truth,
    compare,
    compare_uses,
    mismatch,
    worst_element,
    wrong_form,
)
from sessa_ref.oracle.implementation.asked_once import AskedOnce
from sessa_ref.oracle.implementation.isolation import LimitError
from sessa_ref.oracle.implementation.padding import layouts, unpadded
from sessa_ref.oracle.implementation.protocol import Implementation, ImplementationError, UnsupportedError, Values
from sessa_ref.oracle.implementation.uses import Label, Labelled, Use, labelled
from sessa_ref.oracle.report.results import Result, Status
from sessa_ref.precision import PRECISIONS

DECLINING = " (an optional config; to decline it, raise UnsupportedError or write unsupported.txt)"
"""Added to an error where the implementation could have declined."""


class Observation(NamedTuple):
    """A result, and what the diagnosis needs besides."""

    result: Result
    comparison: Comparison | None = None
    """What was compared, where the check failed."""
    expectation: Expectation | None = None
    """What it was compared with; None where nothing was."""
    label: Label | None = None
    """What was being computed when the implementation raised an error, where that is known."""


def run_checks(
    implementation: Implementation, expectation: Expectation, require: Sequence[str] = ()
) -> Iterator[Observation]:
    """Run the checks of a case, one observation each; failures of the implementation become errored results.

    What the implementation declines is skipped. It cannot decline the outputs of a published config, nor the checks in
    `require`. A check that goes beyond a limit ends the case, because the next check would probably take as long. Equal
    requests of several checks are asked once.

    Raises:
        TargetError: the implementation cannot be run at all.
    """
    case, dtype, implementation = expectation.case, expectation.dtype, AskedOnce(implementation)
    optional = case.level.is_optional(case.parameters.config)
    gave_up = ""
    for name, check in CHECKS.items():
        required = name not in ROBUSTNESS or name in require
        if not applies(name, case, dtype):
            continue
        # Without tokens no output can be wrong: refusing them is a lack of robustness, not a mistake.
        errored = Result(case.name, dtype, name, Status.ERRORED, None, gave_up, required and case.x.shape[1] > 0)
        if gave_up:
            yield Observation(errored)
            continue
        try:
            comparison = check(implementation, expectation)
        except UnsupportedError as unsupported:
            if not optional and name in require:
                yield Observation(replace(errored, message=f"{name} cannot be declined, it is required: {unsupported}"))
            else:
                yield Observation(replace(errored, status=Status.SKIPPED, message=str(unsupported), required=required))
        except ImplementationError as error:
            if isinstance(error, LimitError):
                gave_up = f"not run, because {name} ended so: {error}"
            message = f"{error}{DECLINING if optional else ''}"
            yield Observation(replace(errored, message=message), label=error.label)
        else:
            if comparison is None:  # an optional extension, which the published layer does not have either
                if name in require:
                    yield Observation(replace(errored, message=f"{name} is required, and it takes no mask"))
                continue
            status = comparison.status
            message = "" if status is Status.PASSED else comparison.message
            result = Result(case.name, dtype, name, status, comparison.measured, message, required)
            yield Observation(result, comparison if status is Status.FAILED else None, expectation)


def applies(check: str, case: Case, dtype: str) -> bool:
    """Whether a case goes through a check: every case through the first four, the others where asked for.

    The past of the middle token is empty below two tokens: nothing could be compared there.
    """
    if check in case.level.leaves_out or (check == "differences" and dtype != "float64"):
        return False
    if check in ("causality", "NaN isolation") and case.x.shape[1] < 2:
        return False
    return check in ("forward", "gradients", "decode", "causality") or check in case.extras


def forward(implementation: Implementation, expectation: Expectation) -> Comparison:
    """The output against the true one."""
    return compare(
        Truth.of(expectation), _forward(implementation, expectation.case, expectation.dtype), [expectation.output]
    )


def gradients(implementation: Implementation, expectation: Expectation) -> Comparison:
    """The gradients of the input and of every parameter against the true ones."""
    values = implementation.run("vjp", expectation.case, expectation.dtype)
    return compare(Truth.of(expectation), values, expectation.gradients)


def decode(implementation: Implementation, expectation: Expectation) -> Comparison:
    """A prefill, and every later token decoded from the cache, for every split of the case."""
    case, worst = expectation.case, Comparison()
    for split in (case.split, *case.other_splits):
        try:
            values = implementation.run("decode", replace(case, split=split), expectation.dtype)
        except UnsupportedError:
            if worst.ratio > 1:  # declining a later split does not excuse an error in this one
                return worst
            raise
        worst = worst.worse(replace(compare(Truth.of(expectation), values, [expectation.output]), split=split))
    return worst


def causality(implementation: Implementation, expectation: Expectation) -> Comparison:
    """Replacing the tokens from the middle on does not change the implementation's outputs before it."""
    case = expectation.case
    middle = case.x.shape[1] // 2
    another = case.level.another(case.parameters.config, case.x[:, middle:])
    return _compare_past(implementation, expectation, middle, another)


def nan_isolation(implementation: Implementation, expectation: Expectation) -> Comparison:
    """A NaN or an infinity in the middle token does not change the implementation's outputs before it."""
    middle = expectation.case.x.shape[1] // 2
    worst = Comparison()
    for bad in (np.nan, np.inf):
        spoiled = expectation.case.x[:, middle:].copy()
        spoiled[:, :1] = bad
        worst = worst.worse(_compare_past(implementation, expectation, middle, spoiled))
    return worst


def calls(implementation: Implementation, expectation: Expectation) -> Comparison:
    """Earlier calls, memory layout, batch and training mode make no difference, and the input is not modified."""
    values = _by_label(implementation, "calls", expectation)
    given = expectation.case.x.astype(_carrier(expectation))
    worst = compare_uses(Truth.of(expectation), values)
    if np.array_equal(values.get(Label("x", Use.INPUT_AFTERWARDS), np.zeros(0)), given):
        return worst
    return replace(mismatch("it modifies its input", Problem.INPUT_CHANGED), wrong=worst.wrong)


def lengths(implementation: Implementation, expectation: Expectation) -> Comparison:
    """The outputs for the first tokens alone, for every number of them. The layer is causal, so they are known."""
    values = _by_label(implementation, "lengths", expectation)
    case = expectation.case
    tried = case.lengths or range(1, case.x.shape[1] + 1)
    labels = [Label(expectation.output, Use.FIRST_TOKENS, T) for T in tried]
    return compare_uses(Truth.of(expectation), {label: values.get(label, np.zeros(0)) for label in labels})


def padding(implementation: Implementation, expectation: Expectation) -> Comparison | None:
    """Outputs of tokens with padding before, between or after them, and of steps after a padded prompt.

    None where the implementation takes no mask of real tokens.
    """
    case = expectation.case
    values = _by_label(implementation, "padded", expectation)
    if not values:
        return None
    masks = {Use.ALL_TOKENS_REAL: np.ones(case.x.shape[:2], dtype=bool), **layouts(case)}
    if Label("y", Use.PADDED_PROMPT) not in values:  # it does not decode padded prompts
        del masks[Use.PADDED_PROMPT]
    outputs = {}
    for use, real in masks.items():
        y = values.get(Label("y", use), np.zeros(0))
        fits = y.shape == case.x.shape
        outputs[Label("y", use)] = unpadded(y, real, expectation.true["y"]) if fits else y
    return compare_uses(Truth.of(expectation), outputs)


def differences(implementation: Implementation, expectation: Expectation) -> Comparison:
    """The implementation's own gradient against differences of its own outputs, along one random direction.

    The tolerance is the rounding error of the outputs over the step, plus what halving the step changes.
    """
    case, step = expectation.case, 2.0**-16
    generator = np.random.default_rng(0)
    inputs = case.inputs()
    direction = {
        name: (0.1 if name.startswith("grad.") else 1.0) * generator.normal(size=array.shape)
        for name, array in inputs.items()
    }
    own = implementation.run("vjp", case, "float64")
    for name, v in direction.items():
        problem = wrong_form(Label(name), own.get(name, np.zeros(0)), v.shape, "float64")
        if problem:
            return problem
    along = sum(float(np.sum(own[name] * v)) for name, v in direction.items())

    def output(h: float) -> np.ndarray:
        moved = case.moved({name: h * along for name, along in direction.items()})
        y = _output(implementation, moved, "float64")
        if problem := wrong_form(Label(expectation.output), y, case.dy.shape, "float64"):
            raise ImplementationError(problem.message)
        return y

    def slope(h: float) -> float:
        with np.errstate(all="ignore"):  # infinite outputs are found below
            return float(np.sum(case.dy * (output(h) - output(-h)))) / (2 * h)

    coarse, fine = slope(2 * step), slope(step)
    representation = sum(float(np.sum(np.abs(own[name] * inputs[name]))) for name in direction)
    rounding = float(np.sum(np.abs(case.dy) * expectation.bounds(expectation.output))) + 2.0**-53 * representation
    ratio = abs(fine - along) / (rounding / step + abs(fine - coarse))
    ratio = ratio if np.isfinite(ratio) else np.inf
    message = f"slope {along:.6g} by its gradient, {fine:.6g} by differences of its outputs"
    return Comparison(ratio, ratio, message, compared=True)


CHECKS: dict[str, Callable[[Implementation, Expectation], Comparison | None]] = {
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

ROBUSTNESS = ("NaN isolation",)
"""Checks that do not decide the verdict unless they are required."""


def _by_label(implementation: Implementation, operation: str, expectation: Expectation) -> Labelled:
    """The answer to an operation that uses the layer in several ways."""
    values = implementation.run(operation, expectation.case, expectation.dtype)
    try:
        return labelled(values)
    except ValueError as error:
        raise ImplementationError(f"its answer cannot be read: {error}") from None


def _compare_past(
    implementation: Implementation, expectation: Expectation, middle: int, replacement: np.ndarray
) -> Comparison:
    """Outputs before `middle`, with and without the tokens from there on replaced.

    Two correct results lie within one bound of the truth each, so within two of each other.
    """
    case, dtype = expectation.case, expectation.dtype
    x = case.x.copy()
    x[:, middle:] = replacement
    before, after = _output(implementation, case, dtype), _output(implementation, replace(case, x=x), dtype)
    for value in (before, after):
        problem = wrong_form(Label(expectation.output), value, case.dy.shape, _carrier(expectation))
        if problem:
            return problem
    ratios = expectation.ratios(expectation.output, after, before)
    return worst_element(Label(expectation.output), ratios[:, :middle] / 2)


def _forward(implementation: Implementation, case: Case, dtype: str) -> Values:
    """The answer to a forward request. For a published config it cannot be declined, whatever the tokens."""
    try:
        return implementation.run("forward", case, dtype)
    except UnsupportedError as unsupported:
        if case.level.is_optional(case.parameters.config):
            raise
        raise ImplementationError(f"forward cannot be declined here: {unsupported}") from unsupported


def _output(implementation: Implementation, case: Case, dtype: str) -> np.ndarray:
    """The output in the answer; without one an empty array, which never has the right shape."""
    return _forward(implementation, case, dtype).get(case.level.output, np.zeros(0))


def _carrier(expectation: Expectation) -> str:
    return PRECISIONS[expectation.dtype].carrier
