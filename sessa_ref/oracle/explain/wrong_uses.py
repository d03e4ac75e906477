"""Which uses of the implementation go wrong although plain calls are right."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.comparison import Problem
from sessa_ref.oracle.explain.experiments import FAILURES
from sessa_ref.oracle.implementation.protocol import Implementation
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
    Use.FIRST_ROW: "KeepsState",
    Use.SEQUENCES_IN_TURN: "SharesDecodingState",
    Use.KEPT: "ReusesOutputMemory",
    Use.SECOND_GRADIENT: "KeepsState",
    Use.STRIDED_COTANGENT: "WrongForStridedCotangents",
    Use.COTANGENT_STORED_ONCE: "WrongForStridedCotangents",
    Use.ONLY_X: "PartialGradientsWrong",
    Use.ONLY_PARAMETERS: "PartialGradientsWrong",
    Use.NOTHING_ELSE: "PartialGradientsWrong",
    Use.TRAINING: "WrongInTraining",
}
"""The behaviour that each use of the check `calls` shows if it goes wrong, the plainest first."""


_OWN_REQUESTS: dict[Use, tuple[str, Callable[[Case], Case], str, str]] = {
    Use.FIRST_HALF: ("forward", lambda case: case.first_tokens(case.x.shape[1] // 2), "WrongForSomeLengths", "the first half"),
    Use.FIRST_ROW: ("forward", lambda case: replace(case, x=case.x[:1], dy=case.dy[:1]), "WrongForSomeLayers", "the first row, a batch of one,"),
    Use.AFTER_DECODING: ("decode", lambda case: case.first_tokens(1), "WrongForSomeLengths", "a prompt of one token"),
}  # fmt: skip
"""Uses that ask for something else than the plain calls: what that is, and the behaviour if it goes wrong by itself."""

_WRONG, _FAILS, _RIGHT = "is wrong", "fails", ""


def wrong_uses(observations: Sequence[Observation], implementation: Implementation | None) -> Iterator[tuple[str, str]]:
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
            if label is None:
                continue
            if use is not Use.AFTER_DECODING and _by_itself(use, o, observations, implementation) != _RIGHT:
                continue  # after decoding, what is wrong is the output of the plain request
            stale = _stale(o.expectation, o.comparison.wrong[label]) if not label.is_gradient else ""
            yield name, f"on {case}, {label} is wrong{stale}"
            break


def failing_uses(
    observations: Sequence[Observation], implementation: Implementation | None
) -> Iterator[tuple[str, str]]:
    """Uses in which the implementation raises something although the plain calls are right."""
    wrong = {(o.result.case, o.result.check) for o in observations if o.result.status is not Status.PASSED}
    for o in observations:
        use = None if o.label is None else o.label.use
        name = None if use is None else BEHAVIOUR_OF.get(use)
        if not name or not use or not o.label or (o.result.case, _plain_check(o.label)) in wrong:
            continue
        if _by_itself(use, o, observations, implementation) in (_RIGHT, _WRONG):
            yield name, f"on {o.result.case}, it fails at {o.result.message}"


def wrong_requests(
    observations: Sequence[Observation], implementation: Implementation | None
) -> Iterator[tuple[str, str]]:
    """Uses that ask for a length or a batch which is wrong by itself although the plain calls are right."""
    wrong = {(o.result.case, o.result.check) for o in observations if o.result.status is not Status.PASSED}
    for o in observations:
        if o.result.check != "calls" or implementation is None:
            continue
        uses = {label.use for label in o.comparison.wrong} if o.comparison else {o.label.use} if o.label else set()
        for use, (check, _, name, words) in _OWN_REQUESTS.items():
            if (o.result.case, check) in wrong:
                continue
            outcome = _by_itself(use, o, observations, implementation) if use in uses else None
            if outcome and not (outcome == _WRONG and use is Use.AFTER_DECODING):
                yield name, f"on {o.result.case}, {words} {outcome} by itself"


def _by_itself(
    use: Use, observation: Observation, observations: Sequence[Observation], implementation: Implementation | None
) -> str | None:
    """What a fresh implementation makes of the request of a use; None where that is not known.

    Where the plain calls ask for the same, it is right.
    """
    if use not in _OWN_REQUESTS:
        return _RIGHT
    same = (observation.result.case, observation.result.dtype)
    known = (o.expectation for o in observations if (o.result.case, o.result.dtype) == same)
    expectation = next((e for e in known if e is not None), None)
    if implementation is None or expectation is None:
        return None
    operation, asked, *_ = _OWN_REQUESTS[use]
    case = asked(expectation.case)
    try:
        y = implementation.run(operation, case, expectation.dtype).get(expectation.output)
    except FAILURES:
        return _FAILS
    rows, T = case.x.shape[:2]
    if y is None or y.shape != case.dy.shape:
        return _WRONG
    whole = expectation.true[expectation.output].astype(np.float64)
    whole[:rows, :T] = y
    return _WRONG if np.max(expectation.error_ratios(expectation.output, whole), initial=0.0) > 1 else _RIGHT


def _plain_check(label: Label) -> str:
    """The check that does the same without anything unusual."""
    if label.use is Use.SEQUENCES_IN_TURN:
        return "decode"
    return "gradients" if label.is_gradient else "forward"


def _stale(expectation: Expectation, value: np.ndarray) -> str:
    """Whether a wrong output of the check `calls` belongs to earlier parameters or an earlier input, or where it is wrong."""
    case, true = expectation.case, expectation.true[expectation.output]
    if value.shape != true.shape:
        return ""
    halved = case.with_parameters({name: array / 2 for name, array in case.parameters.items()})
    other_input = replace(case, x=case.level.another(case.parameters.config, case.x))
    for words, before in (
        ("the output of the parameters that were loaded before", halved),
        ("the output for the input before", other_input),
    ):
        other = case.level.forward(before.parameters, before.x)
        if np.allclose(value, other, rtol=1e-3, atol=1e-3 * float(np.std(true - other))):
            return f": it is {words}"
    tokens = np.flatnonzero((expectation.error_ratios(expectation.output, value) > 1).any(axis=(0, 2)))
    if len(tokens) == true.shape[1] or not len(tokens):
        return ""
    if len(tokens) == true.shape[1] - tokens[0]:
        return f" from token {tokens[0]} on"
    return f", at {len(tokens)} of {true.shape[1]} tokens"
