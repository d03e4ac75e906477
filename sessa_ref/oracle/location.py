"""Where results begin to be wrong: in which part of the work, at which token, in which quantity."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sessa_ref import reference
from sessa_ref.notation import SYMBOLS
from sessa_ref.oracle.candidate import Candidate, CandidateError, UnsupportedError
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.precision import PRECISIONS
from sessa_ref.oracle.verdict import Status

_ROUNDINGS = 1e4
"""An intermediate that is off by more than so many units of roundoff of its largest entry is wrong."""


def locate(candidate: Candidate, observations: Sequence[Observation]) -> list[str]:
    """Sentences about where a failing candidate begins to be wrong; empty where nothing failed."""
    failed = {o.result.check for o in observations if o.result.required and o.result.status is Status.FAILED}
    if not failed:
        return []
    sentences = [_part(failed)]
    wrong = [
        o for o in observations if o.result.check == "forward" and o.finding is not None and o.expectation is not None
    ]
    if wrong:
        smallest = min(wrong, key=lambda o: o.finding.values["y"].size if o.finding and "y" in o.finding.values else 0)
        sentences += [s for s in (_first_token(smallest), _first_quantity(candidate, smallest)) if s]
    return sentences


def _part(failed: set[str]) -> str:
    failed = failed - {"calls"} or failed  # uses of what is wrong are wrong too
    if failed <= {"decode"}:
        return "only decoding is wrong; the forward pass and the gradients are right"
    if failed <= {"gradients", "differences"}:
        return "only the gradients are wrong; the forward pass and decoding are right"
    if failed <= {"calls"}:
        return "single calls are right; what was called before, or how, makes a difference"
    if "forward" not in failed:
        return f"the forward pass by itself is right; wrong are {', '.join(sorted(failed))}"
    if "differences" in failed:
        return "the forward pass is wrong, and the gradients are not those of the outputs either"
    return "the forward pass is wrong"


def _first_token(observation: Observation) -> str:
    expectation, finding = observation.expectation, observation.finding
    if expectation is None or finding is None or finding.values["y"].shape != expectation.true["y"].shape:
        return ""
    wrong = np.atleast_1d((expectation.error_ratios("y", finding.values["y"]) > 1).any(axis=(0, 2)))
    T, first, count = len(wrong), int(np.argmax(wrong)), int(wrong.sum())
    number = "1 token is" if count == 1 else f"{count} tokens are"
    return f"on {observation.result.case} (T = {T}) the first wrong token is {first}; {number} wrong"


def _first_quantity(candidate: Candidate, observation: Observation) -> str:
    expectation = observation.expectation
    if expectation is None:
        return ""
    try:
        shown = candidate.run("trace", replace(expectation.case), expectation.dtype)
    except (CandidateError, UnsupportedError):
        return ""
    true = vars(reference.trace(expectation.case.parameters, expectation.case.x))
    for symbol in SYMBOLS:
        name = symbol.identifier
        if name in shown and shown[name].shape == np.shape(true[name]):
            size = np.max(np.abs(true[name]), initial=0.0)
            allowed = _ROUNDINGS * PRECISIONS[expectation.dtype].unit * size
            if not np.all(np.abs(shown[name].astype(np.float64) - true[name]) <= allowed):
                return f"the first intermediate that is off is {name}: {symbol.meaning}, equation {symbol.source}"
    return ""
