"""Which uses of the implementation go wrong although plain calls are right."""

from collections.abc import Iterator, Sequence

import numpy as np

from sessa_ref import reference
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.comparison import Problem
from sessa_ref.oracle.implementation.uses import Label, Use
from sessa_ref.oracle.report.results import Status

BEHAVIOUR_OF: dict[Use, str] = {
    Use.AFTER_ANOTHER_INPUT: "KeepsState",
    Use.FIRST_HALF: "KeepsState",
    Use.AFTER_A_SHORTER_INPUT: "KeepsState",
    Use.AFTER_DECODING: "KeepsState",
    Use.AFTER_A_GRADIENT: "KeepsState",
    Use.STRIDED_INPUT: "WrongForStridedInputs",
    Use.SLICE: "WrongForStridedInputs",
    Use.FIRST_ROW: "MixesBatchRows",
    Use.SEQUENCES_IN_TURN: "SharesDecodingState",
    Use.KEPT: "ReusesOutputMemory",
    Use.SECOND_GRADIENT: "KeepsState",
    Use.STRIDED_COTANGENT: "WrongForStridedCotangents",
    Use.COTANGENT_STORED_ONCE: "WrongForStridedCotangents",
    Use.ONLY_X: "PartialGradientsWrong",
    Use.ONLY_PARAMETERS: "PartialGradientsWrong",
    Use.TRAINING: "WrongInTraining",
}
"""The behaviour that each use of the check `calls` shows if it goes wrong, the plainest first."""


def wrong_uses(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    """Uses that make a difference although the plain calls are right."""
    passed = {
        (o.result.case, o.result.dtype)
        for o in observations
        if o.result.check == "forward" and o.result.status is Status.PASSED
    }
    for o in observations:
        if o.result.check != "calls" or o.comparison is None or o.expectation is None:
            continue
        case = o.result.case
        if (case, o.result.dtype) not in passed:
            continue
        if o.comparison.problem is Problem.INPUT_CHANGED:
            yield "OverwritesInput", f"on {case}"
            continue
        plainly_wrong = {p.result.check for p in observations if p.comparison is not None and p.result.case == case}
        wrong = [label for label in o.comparison.wrong if _plain_check(label) not in plainly_wrong]
        for use, name in BEHAVIOUR_OF.items():
            label = next((label for label in wrong if label.use is use), None)
            if label is not None:
                stale = _stale(o.expectation, o.comparison.wrong[label]) if label.quantity == "y" else ""
                yield name, f"on {case}, {label} is wrong{stale}"
                break


def failing_uses(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    """Uses in which the implementation raises something although the plain calls are right."""
    wrong = {(o.result.case, o.result.check) for o in observations if o.result.status is not Status.PASSED}
    for o in observations:
        name = None if o.label is None or o.label.use is None else BEHAVIOUR_OF.get(o.label.use)
        if name and o.label and (o.result.case, _plain_check(o.label)) not in wrong:
            yield name, f"on {o.result.case}, it fails at {o.result.message}"


def _plain_check(label: Label) -> str:
    """The check that does the same without anything unusual."""
    if label.use is Use.SEQUENCES_IN_TURN:
        return "decode"
    return "forward" if label.quantity in ("x", "y") else "gradients"


def _stale(expectation: Expectation, value: np.ndarray) -> str:
    """Whether a wrong output of the check `calls` belongs to earlier parameters or an earlier input, or where it is wrong."""
    case, true = expectation.case, expectation.true["y"]
    if value.shape != true.shape:
        return ""
    halved = case.parameters.replace({name: array / 2 for name, array in case.parameters.items()})
    for words, parameters, x in (
        ("the output of the parameters that were loaded before", halved, case.x),
        ("the output for the input before", case.parameters, -2 * np.roll(case.x, 1, axis=-1)),
    ):
        other = reference.forward(parameters, x)
        if np.allclose(value, other, rtol=1e-3, atol=1e-3 * float(np.std(true - other))):
            return f": it is {words}"
    tokens = np.flatnonzero((expectation.error_ratios("y", value) > 1).any(axis=(0, 2)))
    if len(tokens) == true.shape[1] or not len(tokens):
        return ""
    if len(tokens) == true.shape[1] - tokens[0]:
        return f" from token {tokens[0]} on"
    return f", at {len(tokens)} of {true.shape[1]} tokens"
