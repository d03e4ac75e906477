"""Wrong torch layers, written apart from the catalogue: every one is rejected, and nearly all are named."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sessa_ref.oracle import Report, Verdict, battery, verify
from sessa_ref.oracle.bounds import expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.runners import InProcessImplementation
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.report.results import Status

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from mutants import LONG, MUTANTS, OTHERS, PAIRS, PRECISIONS  # noqa: E402
from variants import VARIANTS  # noqa: E402

NAMES = (
    "heads", "grouped_heads", "no_rope", "three_tokens", "length_65", "gamma_max_0.3", "long_chains",
    "logits_high", "logits_low", "tiny_input", "other_eps",
)  # fmt: skip
CASES = tuple(case for case in battery() if case.name in NAMES)
SINGLE_CALLS = tuple(replace(case, extras=case.extras - {"calls"}) for case in CASES)
"""The same without the check of repeated calls: what is wrong in every call has to be found and named without it."""

UNNAMED = frozenset({"AttentionNotCausal", "FeedbackDiagonalSolved", "GradientSoftmaxMeanMissing", "SolveTransposed"})
"""Mutants that are rejected but not, or not only, called by their own name. The first and the last look ahead, so
that decoding cannot repeat what they do; of the others, torch's version and the catalogue's differ too much."""

FAR = "PositionsWrapAt2048"

USES = (
    "KeepsFirstWeights", "KeepsFirstTable", "OneCacheForAll", "GradientNeedsInputGradient",
    "GradientReadsCotangentFlat", "OtherInTraining", "ReusesItsOutput", "GradientOfLastForward",
)  # fmt: skip
"""Mutants of which every single call is right."""


def report_on(
    name: str,
    file: str = "mutants.py",
    dtypes: tuple[str, ...] = ("float64",),
    cases: Sequence[Case] = CASES,
    explain: bool = True,
) -> Report:
    implementation = InProcessImplementation(name, load_target(f"{FOLDER / file}:{name}"))
    return verify(implementation, dtypes, cases, explain=explain)


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_is_rejected_and_named(name):
    report = report_on(name, cases=SINGLE_CALLS, explain=name not in UNNAMED)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    if name not in UNNAMED:
        assert [diagnosis.name for diagnosis in report.diagnosis] == [name], report.diagnosis
        assert report.diagnosis[0].explained >= 0.8 * report.diagnosis[0].failed


def test_nearly_all_mutants_are_named():
    assert len(MUTANTS) >= 60
    assert set(MUTANTS) >= UNNAMED
    assert len(UNNAMED) <= 0.1 * len(MUTANTS)


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_are_rejected_and_both_faults_named(name):
    report = report_on(name, cases=SINGLE_CALLS)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    named = {diagnosis.name for diagnosis in report.diagnosis}
    assert named >= set(PAIRS[name])


@pytest.mark.parametrize("name", [*OTHERS, *PRECISIONS, *(name for name in LONG if name != FAR)])
def test_what_the_catalogue_lacks_is_rejected_too(name):
    cases = [case for case in battery() if case.name == LONG[name]] if name in LONG else CASES
    report = report_on(name, cases=cases, explain=False)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    if name in USES:
        assert {r.check for r in report.results if r.status in (Status.FAILED, Status.ERRORED) and r.required} == {
            "calls"
        }


def test_positions_that_wrap_are_far_off(monkeypatch):
    """One draw of two thousand tokens takes seconds, and is enough to tell hundreds of bounds from one."""
    monkeypatch.setattr(expectation, "draws_for", lambda case: 1)
    case = next(case for case in battery() if case.name == LONG[FAR])
    report = report_on(FAR, cases=[replace(case)], explain=False)  # a copy: what is expected of a case is kept
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    ratio = next(r.ratio for r in report.results if r.check == "forward")
    assert ratio is not None
    assert ratio > 100


def test_a_lower_precision_is_called_so():
    report = report_on("ComputesFloat32")
    assert [diagnosis.name for diagnosis in report.diagnosis] == ["ComputesFloat32"]


def test_the_right_layer_conforms():
    assert report_on("Right", dtypes=("float64", "float32")).conforms


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "Compiled"])
def test_correct_variants_conform(name):
    report = report_on(name, "variants.py", ("float64", "float32"), explain=False)
    assert report.conforms, [result for result in report.results if result.status != "passed"]
