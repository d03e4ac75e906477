"""Mistakes that nobody planned for: families find their number, sources and places are named, behaviours are told."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.oracle import Report, Verdict, battery, verify
from sessa_ref.oracle.diagnosis import diagnose
from sessa_ref.oracle.explanations import explained, kinds
from sessa_ref.oracle.faults import families, graph, modes, sources, structures, weights
from sessa_ref.oracle.faults.variation import Family
from sessa_ref.oracle.runners import InProcessCandidate
from sessa_ref.oracle.targets import load_target

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

FEW = ("heads", "two_tokens")
WITHOUT_ROTATION = ("heads", "no_rope")

TOLD = {
    "OtherEpsilon": ("NormEpsilon", "1e-6 instead of"),
    "OtherBase": ("RotaryBase", "5000 instead of"),
    "FiveHops": ("SolveHops", "5 hops"),
    "WindowOfSixteen": ("AttentionWindow", "last 16 tokens"),
    "ScaleByWidth": ("ForwardLogitsScale", "scaled by 1/d instead of 1/sqrt(d)"),
    "GainCutAt": ("GainCut", "+-0.9"),
    "SoftcapInFeedback": ("FeedbackSoftcap", "3 tanh(logit / 3)"),
    "ActivationsClamped": ("UClampedAbove", "at 1.5"),
    "OutputScaled": ("OutputScaled", "multiplied by 1.01"),
    "Distances": ("ForwardDistance", "-0.05 times the distance"),
    "GainOfInput": ("GainSourceFromX", "the layer's input x is taken"),
    "ValuesOfA": ("ValueSourceFromA", "a, before GELU"),
    "NextTokenVisible": ("AttentionSeesNext", "also the next token"),
    "GateAveraged": ("GateBatchMean", "averaged over the batch"),
    "QueriesAndKeysOfUnitLength": ("QueryAndKeyHeadsUnitLength", "length 1"),
    "StatesInBfloat16": ("FInBfloat16", "rounded to bfloat16"),
    "GateHalfDetached": ("GradientGate", "multiplied by 0.5"),
    "DecodesTwoAhead": ("DecodePositionOffset", "off by 2"),
    "CachesHalf": ("KeepStatesInFloat16", "in float16"),
    "Noisy": ("Random", ""),
    "Overwriting": ("OverwritesInput", ""),
    "Remembering": ("KeepsState", ""),
    "TailKept": ("WrongForSomeLengths", "no multiple of 32"),
}
"""What the diagnosis says: the name, and a part of the sentence."""

CASES_OF = {
    "ScaleByWidth": ("heads", "grouped_heads"),
    "GainCutAt": ("heads", "gamma_max_0.3"),
    "TailKept": ("heads", "no_rope", "length_65", "two_tokens"),
}


@cache
def report_on(name: str, dtypes: tuple[str, ...] = ("float64",)) -> Report:
    wanted = CASES_OF.get(name, FEW)
    cases = [case for case in battery() if case.name in wanted]
    return verify(InProcessCandidate(name, load_target(f"{FOLDER / 'unplanned.py'}:{name}")), dtypes, cases)


@pytest.mark.parametrize("name", TOLD)
def test_a_mistake_that_nobody_planned_for_is_named(name):
    report = report_on(name)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    wanted, words = TOLD[name]
    assert wanted in [diagnosis.name for diagnosis in report.diagnosis], report.diagnosis
    assert any(words in diagnosis.text for diagnosis in report.diagnosis), report.diagnosis


@pytest.mark.parametrize("name", ["OutputScaled", "StrangelyWrong"])
def test_a_smooth_error_is_not_called_rounding(name):
    """In float32 these errors are as large as those of half precisions."""
    report = report_on(name, ("float32",))
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert not any("omputes" in diagnosis.name or "Precision" in diagnosis.name for diagnosis in report.diagnosis)


def test_without_the_candidate_a_lower_precision_is_only_a_possibility():
    from sessa_ref.oracle.checks import run_checks
    from sessa_ref.oracle.expectation import expectations

    candidate = InProcessCandidate("float32", load_target(f"{FOLDER / 'mutants.py'}:ComputesFloat32"))
    (case,) = (case for case in battery() if case.name == "two_tokens")
    observations = list(run_checks(candidate, expectations(case, ("float64",))["float64"]))
    assert all("may" in diagnosis.text for diagnosis in diagnose(observations) if "Float32" in diagnosis.name)


def test_a_search_that_breaks_does_not_break_the_verdict(monkeypatch):
    monkeypatch.setattr("sessa_ref.oracle.diagnosis._diagnose", lambda *arguments: 1 / 0)
    assert diagnose([o for o in _failing()]) == []


def _failing():
    from sessa_ref.oracle.checks import Observation
    from sessa_ref.oracle.verdict import Result, Status

    return [Observation(Result("case", "float64", "forward", Status.FAILED, 2.0))]


def test_the_graph_is_the_reference():
    """Within rounding, for whole sequences and step by step; see also that nothing changes what nothing is done to."""
    for case in battery():
        if case.x.shape[1] <= 65 and "logits" not in case.name:
            y = reference.forward(case.parameters, case.x)
            allowed = 1e-9 * max(1.0, float(np.max(np.abs(y), initial=0)))
            assert np.max(np.abs(graph.forward(case.parameters, case.x, {}) - y), initial=0) < allowed
            if case.x.shape[1] <= 25:
                assert np.max(np.abs(graph.decoded(case.parameters, case.x, case.split, {}) - y), initial=0) < allowed


def test_what_a_run_takes_over_from_another_is_what_it_would_compute():
    (case,) = (case for case in battery() if case.name == "three_tokens")
    base = graph.advance(case.parameters, case.x, {})
    everything = [*structures.variations(), *sources.variations(), *weights.variations(), *modes.variations()]
    with np.errstate(all="ignore"):
        for variation in everything[::5]:
            try:
                alone = graph.forward(case.parameters, case.x, variation.changes)
            except np.linalg.LinAlgError:
                continue
            assert np.array_equal(
                graph.forward(case.parameters, case.x, variation.changes, base), alone, equal_nan=True
            )


def test_names_are_unique_and_explained():
    members = [*families.families(), *structures.variations(), *sources.variations(), *weights.variations()]
    names = [member.name for member in [*members, *modes.variations()]]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)
    for member in members[::40]:
        known = explained(member.name.upper())
        assert known is not None
        assert known.cause.endswith(".")
        assert known.departure.endswith(".") or isinstance(member, Family)
    for name in ("KeepsState", "DecodeGainNegated", "GradientGate", "TanhGelu"):
        assert explained(name) is not None
    assert explained("NoSuchFault") is None
    assert all(sentence.endswith((".", ")")) for _, _, sentence in kinds())
