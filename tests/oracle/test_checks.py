"""Each check fails on the layers that are wrong in what it looks at, and on no others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.oracle import Report, UnsupportedError, Verdict, battery, verify
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.report.results import Status
from tests.oracle.judging import run


def failed(report: Report) -> set[str]:
    return {result.check for result in report.results if result.status is Status.FAILED and result.required}


@pytest.mark.parametrize(
    ("name", "checks"),
    [
        ("RotaryHalfSplit", {"forward", "gradients", "decode"}),
        ("DiagonalIncluded", {"forward", "gradients"}),
        ("HeadScaleInFeedback", {"forward", "gradients", "decode"}),
        ("MissingGainClamp", {"forward", "gradients", "decode"}),
        ("StaleDecodeCache", {"decode"}),
        ("DetachedGradient", {"gradients"}),
        ("TanhGelu", {"forward", "gradients", "decode"}),
        ("LooksAhead", {"forward", "gradients", "causality"}),
        ("LowerPrecision", {"forward", "gradients"}),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_wrong_layers_are_rejected_in_each_precision(name, checks, dtype):
    report = run(name, dtypes=[dtype])
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert failed(report) >= checks
    untouched = {"forward", "gradients", "decode", "causality"} - checks
    if name in ("StaleDecodeCache", "DetachedGradient"):
        assert not failed(report) & untouched


def test_leaking_nan_is_a_finding_but_no_failure():
    report = run("LeaksNaN")
    assert report.conforms
    leaks = [result for result in report.results if result.status is Status.FAILED]
    assert leaks
    assert all(result.check == "NaN isolation" and not result.required for result in leaks)


def test_missing_parts_are_skipped():
    report = run("WithoutCache")
    assert report.conforms
    assert {result.check for result in report.results if result.status is Status.SKIPPED} == {"decode"}


def test_angles_in_bfloat16_fail_beyond_position_256_and_are_named():
    """The public layer's way: in bfloat16 neighbouring positions share an angle there."""
    positions = [c for c in battery() if c.name == "positions"]
    mutants = Path(__file__).parent / "mutants.py"
    report = verify(load_target(f"{mutants}:RotaryAnglesBfloat16"), ["bfloat16"], positions)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert [diagnosis.name for diagnosis in report.diagnosis] == ["RotaryAnglesBfloat16"]
    assert verify(load_target(f"{mutants}:Right"), ["bfloat16"], positions).verdict is Verdict.CONFORMS


@pytest.mark.parametrize("shape", [None, (2, 2), (2, 33, 15)])
def test_differences_of_odd_outputs(shape):
    """Whoever answers without y, or in another shape, fails; the oracle does not."""
    (one,) = [c for c in battery() if c.name == "two_tokens"]
    one = replace(one, extras=frozenset({"differences"}))
    asked = []

    class Odd:
        name = "odd"

        def run(self, operation, case, dtype):
            if operation == "decode":
                raise UnsupportedError("no")
            dx, gradients = reference.vjp(case.parameters, case.x, case.dy)
            if operation == "vjp":
                return {"dx": dx} | {f"grad.{n}": np.asarray(g) for n, g in gradients.items()}
            asked.append(case)
            if len(asked) <= 3:  # smoke test, forward, causality
                return {"y": reference.forward(case.parameters, case.x)}
            return {} if shape is None else {"y": np.zeros(shape)}

    report = verify(Odd(), ["float64"], [one], explain=False)
    (errored,) = [r for r in report.results if r.status is Status.ERRORED]
    assert errored.check == "differences"
    assert errored.message == f"y has shape {shape or (0,)}, expected (2, 2, 8)"
