"""Mistakes that nobody planned for: families find their number, sources and places are named, behaviours are told."""

import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.faults.variations import (
    caches,
    derivatives,
    earlier,
    families,
    graph,
    modes,
    shares,
    slots,
    sources,
    structures,
    weights,
)
from sessa_ref.faults.variations.variation import Family, Variation
from sessa_ref.oracle import Report, Verdict, battery, verify
from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.checks import CHECKS, Observation
from sessa_ref.oracle.comparison import Comparison
from sessa_ref.oracle.explain.diagnosis import diagnose
from sessa_ref.oracle.explain.first_wrong_value import wrong_stage
from sessa_ref.oracle.explain.known_mistakes import explained, kinds
from sessa_ref.oracle.explain.lower_precision import lower_precision, rounds_at_random
from sessa_ref.oracle.explain.search import Search
from sessa_ref.oracle.explain.search_order import prefill_of
from sessa_ref.oracle.explain.weights_from_outputs import values_inside
from sessa_ref.oracle.explain.which_behaviour import behaviours
from sessa_ref.oracle.explain.which_cases_fail import first_token_pattern, length_pattern
from sessa_ref.oracle.implementation.runners import InProcessImplementation
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.report.results import Result, Status

FOLDER = Path(__file__).parents[1]
sys.path.insert(0, str(FOLDER))

FEW = ("heads", "two_tokens")
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
    "NormGradientOfLastRow": ("GradientLastRowOfNorm", "ln.weight and ln.bias is that of the last batch row only"),
    "DecodesTwoAhead": ("DecodePositionOffset", "off by 2"),
    "CachesHalf": ("KeepStatesInFloat16", "in float16"),
    "ErfOfAbramowitzAndStegun": ("GeluErfFormula7125OfAbramowitzAndStegun", "formula 7.1.25"),
    "NotRescaled": ("BothSoftmaxNotRescaled", "blocks of 8 keys"),
    "FeedbackPerHead": ("FeedbackHeadsAveragedHeadScale", "logits divided by sqrt(d); their weights are averaged"),
    "MixedTables": ("RotationLayoutSideBySideInHalvesSideBySide", "cosines are laid out side by side"),
    "FastTanh": ("GainTanhPade27ResultClamped", "z (27 + z^2)/(27 + 9 z^2), cut off at +-1"),
    "RotatedInPlace": ("RotationInPlaceFirstSideBySide", "in place, the first coordinate before the second"),
    "GainSlopeOfItself": ("GradientGainOneMinusSquare", "1 - gamma^2"),
    "RotatesGradientsForward": ("GradientQueryAndKeyRotationForward", "rotated forward instead of back"),
    "PrefillsInBlocks": ("PrefillRotaryPositionsWrap", "after every 4 tokens"),
    "Noisy": ("Random", ""),
    "Overwriting": ("OverwritesInput", ""),
    "Remembering": ("KeepsState", ""),
    "TailKept": ("WrongForSomeLengths", "no multiple of 32"),
}
"""What the diagnosis says: the name, and a part of the sentence."""

CASES_OF = {
    "DecodesOtherGroups": ("heads", "grouped_heads"),
    "ScaleByWidth": ("heads", "gamma_max_0.3"),
    "GainCutAt": ("heads", "gamma_max_0.3"),
    "TailKept": ("heads", "no_rope", "length_65", "two_tokens"),
}

CHECK_OF = {
    "GateHalfDetached": "gradients",
    "NormGradientOfLastRow": "gradients",
    "DecodesTwoAhead": "decode",
    "CachesHalf": "decode",
    "GainSlopeOfItself": "gradients",
    "RotatesGradientsForward": "gradients",
    "PrefillsInBlocks": "decode",
}

BEHAVE = ("Noisy", "Overwriting", "Remembering", "TailKept")
"""What is told from experiments."""


def implementation(name: str) -> InProcessImplementation:
    return InProcessImplementation(name, load_target(f"{FOLDER / 'unplanned.py'}:{name}"))


def observation_of(implementation: InProcessImplementation, check: str, case: Case) -> Observation:
    expectation = expectations(case, ("float64",))["float64"]
    comparison = CHECKS[check](implementation, expectation)
    assert comparison is not None
    status = Status.FAILED if comparison.ratio > 1 else Status.PASSED
    result = Result(case.name, "float64", check, status, comparison.ratio)
    return Observation(result, comparison if status is Status.FAILED else None, expectation)


def observed(name: str, check: str) -> list[Observation]:
    """What one check finds on a few cases."""
    observations = []
    for case in battery():
        if case.name in CASES_OF.get(name, FEW):
            observations.append(observation_of(implementation(name), check, case))
    return observations


@pytest.mark.parametrize("name", [name for name in TOLD if name not in BEHAVE])
def test_a_mistake_that_nobody_planned_for_is_named(name):
    """The member of the name explains the layer, with the number that the layer's author wrote down."""
    check, (wanted, words) = CHECK_OF.get(name, "forward"), TOLD[name]
    found = Search(check, (), observed(name, check), only=(lambda: (m for m in known() if m.name == wanted),)).run()
    assert [variation.name for variation in found] == [wanted]
    assert words in found[0].departure


def test_the_whole_search_comes_to_the_same():
    found = Search("forward", (), observed("OtherBase", "forward")).run()
    assert found[0].name == "RotaryBase"


@cache
def known() -> list[Variation | Family]:
    return [
        *families.families(), *structures.variations(), *sources.variations(), *weights.variations(),
        *modes.variations(), *caches.variations(), *caches.families(), *derivatives.factors(),
        *shares.variations(), *derivatives.variations(), *map(prefill_of, families.of_settings()),
    ]  # fmt: skip


@cache
def report_on(name: str, dtypes: tuple[str, ...] = ("float64",)) -> Report:
    wanted = CASES_OF.get(name, FEW)
    return verify(implementation(name), dtypes, [case for case in battery() if case.name in wanted])


@pytest.mark.parametrize("name", BEHAVE[:3])
def test_how_a_implementation_behaves_is_told(name):
    report = report_on(name)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert [diagnosis.name for diagnosis in report.diagnosis] == [TOLD[name][0]]


@pytest.mark.parametrize(("value", "told"), [(0.0, "IgnoresInput"), (1.0, "IgnoresInput"), (np.nan, "NotFinite")])
def test_an_output_that_is_a_constant_is_no_state(value, told):
    class Constant:
        def build(self, parameters, dtype):
            return self

        def forward(self, x):
            return np.full_like(x, value)

    constant = InProcessImplementation("constant", Constant())
    observations = [observation_of(constant, "forward", case) for case in battery() if case.name in FEW]
    assert all(o.result.status is Status.FAILED for o in observations)
    assert [diagnosis.name for diagnosis in behaviours(observations, constant)] == [told]


def test_a_backward_pass_that_rounds_is_told_with_where_it_does():
    both = [o for check in ("forward", "gradients") for o in observed("GateGradientInBfloat16", check)]
    (told,) = behaviours(both, implementation("GateGradientInBfloat16"))
    assert told.name == "BackwardLosesPrecision"
    assert "rounding to" in told.text
    assert "the gate g" in told.text
    both = [o for check in ("forward", "gradients") for o in observed("GateHalfDetached", check)]
    assert [told.name for told in behaviours(both, implementation("GateHalfDetached"))] == ["WrongGradients"]


def test_a_shorter_call_after_a_longer_one_is_checked():
    both = [o for check in ("forward", "calls") for o in observed("MaskOfTheLongest", check)]
    told = behaviours(both, implementation("MaskOfTheLongest"))
    assert [diagnosis.name for diagnosis in told] == ["KeepsState"]


@pytest.mark.parametrize(
    ("wanted", "changed"),
    [
        ("DecodeGainOfPrevious", "its own where there is none"),
        ("DecodeForwardSlotsOf16", "multiple of 16"),
        ("DecodeWithoutPrevious", "the token before"),
    ],
)
def test_a_step_that_reads_what_it_should_not_is_told_from_the_others(wanted, changed):
    """Decoding with this mistake: the search among all of these finds it, with its sentence."""
    members = [*caches.variations(), *slots.variations(), *earlier.variations()]
    assert len({member.name for member in members}) == len(members)
    (mistake,) = (member for member in members if member.name == wanted)
    assert changed in mistake.departure
    (case,) = (case for case in battery() if case.name == "smallest")
    expectation = expectations(case, ("float64",))["float64"]
    comparison = Comparison(
        ratio=1e8, values={"y": graph.decoded(case.parameters, case.x, 6, mistake.changes)}, split=6
    )
    failed = Observation(Result("smallest", "float64", "decode", Status.FAILED, 1e8), comparison, expectation)
    assert not np.allclose(comparison.values["y"], expectation.true["y"], rtol=1e-6)
    search = Search("decode", (), [failed], only=(lambda: (m for m in members if m.name[:12] == wanted[:12]),))
    assert wanted in [variation.name for variation in search.run()]


def test_a_rule_for_the_lengths_that_are_wrong():
    (fact,) = length_pattern(observed("TailKept", "forward"), implementation("TailKept"))
    assert fact[0] == "WrongForSomeLengths"
    assert "no multiple of 32" in fact[1]


def test_a_rule_for_a_length_of_one():
    """That each failing case has a single token says nothing about the first of several."""
    case = replace(next(c for c in battery() if c.name == "heads"), name="one")
    alone = replace(case, x=case.x[:, :1].copy(), dy=case.dy[:, :1].copy(), split=1)
    observations = [observation_of(implementation("WithoutProjectionAlone"), "forward", each) for each in (alone, case)]
    (fact,) = length_pattern(observations, implementation("WithoutProjectionAlone"))
    assert fact == ("WrongForSomeLengths", "wrong for T = 1 alone")
    assert list(first_token_pattern(observations)) == []


def test_the_stage_that_is_wrong():
    (fact,) = wrong_stage(implementation("StrangeActivation"), observed("StrangeActivation", "forward"))
    assert fact[0] == "WrongStage"
    assert "u is not GELU(a): it is off by up to 0.001" in fact[1]
    assert list(wrong_stage(None, observed("StrangeActivation", "forward"))) == []


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("StrangeGain", "OtherGain", "for the argument"),
        ("StrangeFeedback", "OtherFeedbackWeights", "B["),
        ("StrangeAttention", "OtherForwardWeights", "alpha[head"),
    ],
)
def test_weights_are_read_off_the_outputs(name, place, words):
    """And what is read is what the layer used, to the digits that are told."""
    observations = observed(name, "forward")
    (told,) = values_inside(observations)
    assert told[0] == place
    assert words in told[1]
    case = next(case for case in battery() if f"on {case.name}, " in told[1])
    z = np.arctanh(reference.trace(case.parameters, case.x).gamma / 0.999)
    if name == "StrangeGain":
        argument, used = (float(re.findall(rf"{word} (-?[0-9.e-]+)", told[1])[0]) for word in ("argument", "is"))
        assert np.min(np.abs(z - argument)) < 1e-3 * abs(argument)
        assert used == pytest.approx(0.999 * np.tanh(argument) + 1e-3 * np.sin(7 * argument), abs=1e-4)


def test_nothing_is_read_off_where_more_than_the_weights_is_wrong():
    for name in ("StrangelyWrong", "OutputScaled", "StrangeActivation"):
        assert list(values_inside(observed(name, "forward"))) == []


def test_a_fault_of_decoding_steps_alone():
    report = report_on("DecodesOtherGroups")
    assert [told.name for told in report.diagnosis] == ["DecodeGroupsInterleaved"]
    assert "In decoding steps query heads" in report.diagnosis[0].text


def test_a_use_that_raises_is_told():
    report = report_on("OneCache")
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    (told,) = report.diagnosis
    assert told.name == "SharesDecodingState"
    assert "the cache is full" in told.text


def test_a_smooth_error_is_not_called_rounding():
    """In float32 these errors are as large as those of half precisions."""
    for name in ("OutputScaled", "StrangelyWrong"):
        assert not rounds_at_random(implementation(name), observed(name, "forward"))
    for name in ("StatesInBfloat16",):
        assert rounds_at_random(implementation(name), observed(name, "forward"))


def test_without_the_implementation_a_lower_precision_is_only_a_possibility():
    (case,) = (case for case in battery() if case.name == "two_tokens")
    expectation = expectations(case, ("float64",))["float64"]
    y = reference.forward(case.parameters, case.x) * (1 + 2.0**-25)
    comparison = Comparison(ratio=1e8, values={"y": y})
    failed = [Observation(Result("case", "float64", "forward", Status.FAILED, 1e8), comparison, expectation)]
    unsure, sure = lower_precision(failed, False, unsure=True), lower_precision(failed, True, unsure=False)
    assert unsure is not None
    assert "may explain" in unsure.text
    assert sure is not None
    assert "may" not in sure.text
    assert lower_precision(failed, False, unsure=False) is None


def test_a_search_that_breaks_does_not_break_the_verdict(monkeypatch):
    monkeypatch.setattr("sessa_ref.oracle.explain.diagnosis._diagnose", lambda *arguments: 1 / 0)
    assert diagnose([Observation(Result("case", "float64", "forward", Status.FAILED, 2.0))]) == []


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
        for variation in everything[::97]:
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
    assert [name for name in names if not name.isidentifier()] == []
    assert len(names) == len(set(names))
    for member in members[::400]:
        known = explained(member.name.upper())
        assert known is not None
        assert known.cause.endswith(".")
        assert known.departure.endswith(".") or isinstance(member, Family)
    for name in ("KeepsState", "DecodeGainNegated", "GradientGate", "GradientLastRowOfNorm", "TanhGelu"):
        assert explained(name) is not None
    assert explained("NoSuchFault") is None
    assert all(sentence.endswith((".", ")")) for _, _, sentence in kinds())
