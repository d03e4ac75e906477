"""Which behaviour explains the failures where no fault of the layer does.

Experiments run the implementation again on the cases that failed. What they find has a name, and one sentence of fact.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.comparison import Problem
from sessa_ref.oracle.explain.behaviours import BEHAVIOURS
from sessa_ref.oracle.explain.experiments import differ, output, smallest
from sessa_ref.oracle.explain.first_wrong_value import wrong_stage
from sessa_ref.oracle.explain.weights_from_outputs import values_inside
from sessa_ref.oracle.explain.which_cases_fail import (
    first_token_pattern,
    from_third_token,
    gradient_length_pattern,
    layer_pattern,
    length_pattern,
)
from sessa_ref.oracle.explain.wrong_gradients import wrong_gradients
from sessa_ref.oracle.explain.wrong_uses import failing_uses, wrong_requests, wrong_uses
from sessa_ref.oracle.implementation.asked_once import asked_directly
from sessa_ref.oracle.implementation.protocol import Implementation
from sessa_ref.oracle.report.results import Diagnosis, Status


def behaviours(
    observations: Sequence[Observation], implementation: Implementation | None, definite: bool = False
) -> list[Diagnosis]:
    """What the failures have in common; the first that is found, or none.

    A use that goes wrong says nothing of gradients that are wrong in plain calls: what they have in common comes second.

    Args:
        observations: of a whole run.
        implementation: for experiments; None for none.
        definite: only behaviours that no fault of the layer can imitate.
    """
    failed = [o for o in observations if o.result.status is Status.FAILED and o.result.required]
    number = len(failed) or sum(o.result.status is Status.ERRORED and o.result.required for o in observations)

    def told(name: str, fact: str, explained: int = number) -> Diagnosis:
        text = BEHAVIOURS[name].description.rstrip(".")
        return Diagnosis(name, f"{text}{': ' if fact else ''}{fact}.", explained, number)

    finders: list[Callable[[], Iterator[tuple[str, str]]]] = [
        lambda: _wrong_form(failed),
        lambda: _random(failed, implementation),
    ]
    if not definite:
        uses = next(wrong_uses(observations, implementation), None)
        plain = sum(o.result.check == "gradients" for o in failed)
        if uses and plain:
            rule = list(gradient_length_pattern(observations, implementation))
            return [told(*uses, number - plain), *(told(*found, plain) for found in rule)]
        finders += [
            lambda: iter([uses] if uses else []),
            lambda: failing_uses(observations, implementation),
            lambda: gradient_length_pattern(observations, implementation),
            lambda: wrong_gradients(observations, implementation),
            lambda: _not_finite(failed),
            lambda: _later_tokens(failed),
            lambda: _batch(failed, implementation),
            lambda: length_pattern(observations, implementation),
            lambda: layer_pattern(observations),
            lambda: wrong_requests(observations, implementation),
            lambda: first_token_pattern(observations),
            lambda: _precision(observations),
            lambda: values_inside(observations),
            lambda: wrong_stage(implementation, observations),
            lambda: from_third_token(observations),
        ]
    for finder in finders:
        for name, fact in finder():
            return [told(name, fact)]
    return []


def _wrong_form(failed: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    for problem, name in ((Problem.DTYPE, "WrongDtype"), (Problem.SHAPE, "WrongShape")):
        told = [o for o in failed if o.comparison is not None and o.comparison.problem is problem]
        if told and 2 * len(told) >= len(failed):
            yield name, f"on {told[0].result.case}, {told[0].result.message}"


def _random(failed: Sequence[Observation], implementation: Implementation | None) -> Iterator[tuple[str, str]]:
    probe = smallest(failed, "forward")
    if implementation is None or probe is None or probe.expectation is None:
        return
    case, dtype = probe.expectation.case, probe.result.dtype
    implementation = asked_directly(implementation)
    first, second = (output(implementation, case, dtype) for _ in range(2))
    if first is None or second is None or first.shape != second.shape or first.shape != case.dy.shape:
        return
    if differ(probe.expectation, first, second):
        yield "Random", f"on {case.name}, they differ by up to {np.nanmax(np.abs(first - second)):.2g}"
        return
    other = output(implementation, replace(case, x=case.level.another(case.parameters.config, case.x)), dtype)
    if other is None or other.shape != first.shape or not np.isfinite(first).all():
        return
    if not differ(probe.expectation, first, other):
        # What is kept of an earlier call differs between tokens, as every output of a layer does.
        ignores = not differ(probe.expectation, first, np.broadcast_to(first[:1, :1], first.shape))
        name = "IgnoresInput" if ignores else "KeepsState"
        yield name, f"on {case.name}, another input of the same shape gives the same output"


def _not_finite(failed: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    wrong = [o for o in failed if o.result.check == "forward" and o.comparison is not None]
    if not wrong:
        return
    infinite = [o for o in wrong if o.comparison and _is_infinite(o)]
    if len(infinite) == len(wrong):
        names = ", ".join(sorted({o.result.case for o in infinite})[:4])
        yield "NotFinite", f"on {names}"


def _is_infinite(observation: Observation) -> bool:
    if observation.comparison is None or observation.expectation is None:
        return False
    value = observation.comparison.values.get(observation.expectation.output)
    return value is not None and not np.all(np.isfinite(value))


def _later_tokens(failed: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    seeing = [o for o in failed if o.result.check == "causality"]
    if seeing:
        yield "ReadsLaterTokens", f"on {seeing[0].result.case} outputs before a change of later tokens change with them"


def _batch(failed: Sequence[Observation], implementation: Implementation | None) -> Iterator[tuple[str, str]]:
    probe = smallest(failed, "forward")
    if implementation is None or probe is None or probe.expectation is None or len(probe.expectation.case.x) < 2:
        return
    case, dtype = probe.expectation.case, probe.result.dtype
    whole = output(implementation, case, dtype)
    alone = output(implementation, replace(case, x=case.x[:1], dy=case.dy[:1]), dtype)
    if whole is None or alone is None or whole.shape != case.dy.shape or alone.shape != case.dy[:1].shape:
        return
    padded = whole.copy()
    padded[:1] = alone
    if differ(probe.expectation, whole, padded):
        yield "MixesBatchRows", f"on {case.name} the first row alone gives another output than among others"


def _precision(observations: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    forward = [o for o in observations if o.result.check == "forward"]
    wrong = {o.result.dtype for o in forward if o.comparison is not None}
    right = {o.result.dtype for o in forward} - wrong
    if wrong and right:
        yield (
            "WrongInOnePrecision",
            f"it is wrong in {', '.join(sorted(wrong))} and right in {', '.join(sorted(right))}",
        )
