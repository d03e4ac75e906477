"""Where results begin to be wrong: in which part of the work, at which token, in which quantity."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sessa_ref.notation import SYMBOLS
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.implementation.protocol import Implementation, ImplementationError, UnsupportedError
from sessa_ref.oracle.report.results import Status
from sessa_ref.precision import PRECISIONS

_ROUNDINGS = 1e4
"""An intermediate that is off by more than so many units of roundoff of its largest entry is wrong."""


def locate(implementation: Implementation, observations: Sequence[Observation]) -> list[str]:
    """Sentences about where a failing implementation begins to be wrong; empty where nothing failed."""
    failed = {o.result.check for o in observations if o.result.required and o.result.status is Status.FAILED}
    if not failed:
        return []
    sentences = [_part(failed)]
    wrong = [
        o
        for o in observations
        if o.result.check == "forward" and o.comparison is not None and o.expectation is not None
    ]
    if wrong:
        # Where values are right, their dtype may be wrong: that has no first token.
        smallest = min([o for o in wrong if wrong_tokens(o) is not None] or wrong, key=_size)
        sentences += [s for s in (_first_token(smallest), _first_quantity(implementation, smallest)) if s]
    else:
        sentences += [s for s in (_wrong_gradients(observations),) if s]
    return sentences


def _wrong_gradients(observations: Sequence[Observation]) -> str:
    """Between which tokens the gradients of the inputs are wrong, on the smallest failing case."""
    failed = [o for o in observations if o.result.check == "gradients" and o.comparison and o.expectation]
    observation = min(failed, key=lambda o: o.expectation.case.x.size if o.expectation else 0, default=None)
    if observation is None or observation.comparison is None or observation.expectation is None:
        return ""
    expectation, values, places = observation.expectation, observation.comparison.values, []
    for name, true in expectation.true.items():
        if name == expectation.output or name.startswith("grad.") or values.get(name, np.zeros(0)).shape != true.shape:
            continue
        wrong = (expectation.error_ratios(name, values[name]) > 1).reshape(*true.shape[:2], -1).any(axis=(0, 2))
        tokens = np.flatnonzero(wrong)
        if len(tokens):
            where = f"between tokens {tokens[0]} and {tokens[-1]}" if len(tokens) > 1 else f"at token {tokens[0]}"
            places.append(f"{name} {where}")
    T = expectation.case.x.shape[1]
    return f"on {observation.result.case} (T = {T}), wrong are {', '.join(places)}" if places else ""


def _part(failed: set[str]) -> str:
    failed = failed - {"calls"} or failed  # uses of what is wrong are wrong too
    if failed <= {"decode"}:
        return "only decoding is wrong; the forward pass and the gradients are right"
    if failed <= {"gradients", "differences"}:
        return "only the gradients are wrong; all outputs are right"
    if failed <= {"calls"}:
        return "single calls are right; what was called before, or how, makes a difference"
    if "forward" not in failed:
        return f"the forward pass by itself is right; wrong are {', '.join(sorted(failed))}"
    if "differences" in failed:
        return "the forward pass is wrong, and the gradients are not those of the outputs either"
    return "the forward pass is wrong"


def _size(observation: Observation) -> int:
    value = _output(observation)
    return 0 if value is None else value.size


def _output(observation: Observation) -> np.ndarray | None:
    if observation.expectation is None or observation.comparison is None:
        return None
    return observation.comparison.values.get(observation.expectation.output)


def wrong_tokens(observation: Observation) -> np.ndarray | None:
    """Which tokens of the output have wrong values; None where no value is wrong, or none can be compared."""
    expectation, value = observation.expectation, _output(observation)
    if expectation is None or value is None or value.shape != expectation.true[expectation.output].shape:
        return None
    wrong = np.atleast_1d((expectation.error_ratios(expectation.output, value) > 1).any(axis=(0, 2)))
    return wrong if wrong.any() else None


def _first_token(observation: Observation) -> str:
    wrong = wrong_tokens(observation)
    if wrong is None:
        return ""
    T, first, count = len(wrong), int(np.argmax(wrong)), int(wrong.sum())
    number = "1 token is" if count == 1 else f"{count} tokens are"
    return f"on {observation.result.case} (T = {T}) the first wrong token is {first}; {number} wrong"


def _first_quantity(implementation: Implementation, observation: Observation) -> str:
    shown = _shown(implementation, observation)
    name = next((name for name, error in shown.items() if error > 0), "")
    symbol = next((symbol for symbol in SYMBOLS if symbol.identifier == name), None)
    return f"the first intermediate that is off is {name}: {symbol.meaning}, equation {symbol.source}" if symbol else ""


def wrong_stage(
    implementation: Implementation | None, observations: Sequence[Observation]
) -> Iterator[tuple[str, str]]:
    """The first stage that is wrong although all shown stages before it are right."""
    wrong = [o for o in observations if o.result.check == "forward" and o.comparison and o.expectation]
    if implementation is None or not wrong:
        return
    by_size = sorted(wrong, key=lambda o: o.expectation.case.x.size if o.expectation else 0)
    errors = {id(o): _shown(implementation, o) for o in by_size}
    observation = next((o for o in by_size if any(errors[id(o)].values())), by_size[0])
    shown = errors[id(observation)]
    off = next((name for name, error in shown.items() if error > 0), "")
    before = list(shown)[: list(shown).index(off)] if off else list(shown)
    if not before and not off:
        return
    case = observation.result.case
    # A module may give the right value, and another one be used.
    known = f", while {_enumerated(before)} right as far as the implementation shows them" if before else ""
    if off == "u" and "a" in before:
        yield (
            "WrongStage",
            f"on {case}, u is not GELU of the a that is shown: it is off by up to {shown[off]:.2g}{known}",
        )
    elif off:
        yield "WrongStage", f"on {case}, {off} is off by up to {shown[off]:.2g}{known}"
    else:
        yield "WrongStage", f"on {case}, the output is wrong{known}"


def _enumerated(names: Sequence[str]) -> str:
    return f"{names[0]} is" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} are"


def _shown(implementation: Implementation, observation: Observation) -> dict[str, float]:
    """How far the intermediates are off that an implementation shows, in the order of computation; 0 for right ones."""
    expectation = observation.expectation
    if expectation is None:
        return {}
    try:
        shown = implementation.run("trace", replace(expectation.case), expectation.dtype)
    except (ImplementationError, UnsupportedError):
        return {}
    case = expectation.case
    true = vars(case.level.trace(case.parameters, case.x))
    errors = {}
    for symbol in SYMBOLS:
        name = symbol.identifier
        if name in shown and name in true and shown[name].shape == np.shape(true[name]):
            size = np.max(np.abs(true[name]), initial=0.0)
            allowed = _ROUNDINGS * PRECISIONS[expectation.dtype].unit_roundoff * size
            error = float(np.max(np.abs(shown[name].astype(np.float64) - true[name]), initial=0.0))
            errors[name] = 0.0 if error <= allowed else np.inf if np.isnan(error) else error
    return errors
