"""The oracle rejects wrong layers, says which checks failed, and accuses no right one."""

from pathlib import Path

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.oracle import Report, Verdict, battery, verify
from sessa_ref.oracle.expectation import GROWTH, Expectation, spreads
from sessa_ref.oracle.targets import load_target
from sessa_ref.oracle.verdict import Status

WRONG = Path(__file__).parent / "wrong_layers.py"
FEW = [c for c in battery() if c.name in ("heads", "gain_high", "two_tokens")]


def run(name: str, cases=FEW, dtypes=("float64", "float32")) -> Report:
    return verify(load_target(f"{WRONG}:{name}"), dtypes, cases, explain=False)


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


def test_our_layer_conforms():
    report = verify(load_target("sessa_ref.optimized:SessaLayer"), cases=battery(quick=True))
    assert report.verdict is Verdict.CONFORMS
    assert {result.status for result in report.results} == {Status.PASSED}
    assert max(result.ratio for result in report.results if result.ratio is not None) < 0.5


def test_float32_angles_are_a_departure_in_float64_and_nothing_in_float32():
    report = run("Float32Angles")
    assert report.verdict is Verdict.CONFORMS_WITH_DEPARTURES
    departed = [result for result in report.results if result.status is Status.DEPARTED]
    assert {result.dtype for result in departed} == {"float64"}
    assert all(result.message.startswith("float32 rotary angles") for result in departed)


def test_the_departure_does_not_hide_a_fault():
    """Float32 angles are granted their own size, and nothing without rotation."""
    without_rope = [c for c in battery() if c.name == "no_rope"]
    assert run("LowerPrecision", without_rope, ["float64"]).verdict is Verdict.DOES_NOT_CONFORM


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


def test_errors_of_the_candidate_are_errored_results():
    cases = [c for c in battery() if c.name in ("no_rope", "two_tokens")]
    report = run("RaisesOnOddWidths", cases)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    errored = [result for result in report.results if result.status is Status.ERRORED]
    assert {result.case for result in errored} == {"no_rope"}
    assert all(result.message == "NotImplementedError: odd widths" for result in errored)


class Sloppy:
    """A NumPy candidate that gives whatever it is told to."""

    name = "sloppy"

    def __init__(self, spoil):
        self.spoil = spoil

    def build(self, parameters, dtype):
        outer = self

        class Layer:
            def forward(self, x):
                from sessa_ref import reference

                return outer.spoil(reference.forward(parameters, x)).astype(dtype, copy=False)

        return Layer()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda y: y[:, :-1] if y.shape[1] > 3 else y, "has shape"),
        (lambda y: np.where(y == y, np.nan, y), "inf bounds"),
        (lambda y: y * (1 + 1e-10), "bounds"),
    ],
)
def test_plain_python_candidates(spoil, message):
    assert verify(Sloppy(lambda y: y), ["float64"], FEW).verdict is Verdict.CONFORMS
    report = verify(Sloppy(spoil), ["float64"], FEW, explain=False)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    (first, *_) = [result for result in report.results if result.status is Status.FAILED]
    assert message in first.message


def test_wrong_dtype_fails():
    candidate = Sloppy(lambda y: y)
    candidate.build = lambda parameters, dtype: Sloppy(lambda y: y).build(parameters, "float32")
    report = verify(candidate, ["float64"], FEW, explain=False)
    assert "has dtype float32, expected float64" in report.results[0].message


def test_unknown_dtype():
    with pytest.raises(ValueError, match="dtypes must be some of"):
        verify(Sloppy(lambda y: y), ["float8"])


def test_the_battery_repeats():
    for first, second in zip(battery(), battery.__wrapped__(), strict=True):
        assert first.name == second.name
        assert np.array_equal(first.x, second.x)
        assert all(np.array_equal(first.parameters[n], second.parameters[n]) for n in first.parameters)


@pytest.mark.parametrize("case", [c for c in battery(quick=True) if c.x.shape[1] > 0], ids=lambda c: c.name)
def test_no_case_is_ill_conditioned(case):
    """Deviations grow linearly up to float32's roundings, and float32's bound leaves most of the output's digits."""
    fine, coarse = (spreads(case, 1.0, 1.0, drawing_unit=unit) for unit in (2.0**-40, 2.0**-24))
    for name in ("y", "dx"):
        assert np.median(coarse[name] / fine[name]) == pytest.approx(1, abs=0.25), name
    y = reference.forward(case.parameters, case.x)
    assert np.median(GROWTH * 2.0**-24 * coarse["y"] / np.abs(y).max()) < 0.02


def test_no_case_is_trivial():
    """No parameter is left at a value that hides a mistake: zero, one, or equal to another."""
    for case in battery():
        for name, array in case.parameters.items():
            if array.size > 1 and not case.name.startswith("logits_"):
                assert len(np.unique(array)) == array.size, (case.name, name)
        assert len(case.x) == 1 or case.x.size == 0 or not np.array_equal(case.x[0], case.x[1])


def test_angles_in_bfloat16_fail_beyond_position_256_and_are_named():
    """The public layer's way: in bfloat16 neighbouring positions share an angle there."""
    positions = [c for c in battery() if c.name == "positions"]
    mutants = Path(__file__).parent / "mutants.py"
    report = verify(load_target(f"{mutants}:RotaryAnglesBfloat16"), ["bfloat16"], positions)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert [diagnosis.name for diagnosis in report.diagnosis] == ["RotaryAnglesBfloat16"]
    assert verify(load_target(f"{mutants}:Right"), ["bfloat16"], positions).verdict is Verdict.CONFORMS


def test_who_refuses_no_tokens_is_not_accused():
    report = run("RefusesNoTokens", [c for c in battery() if c.name in ("no_token", "one_token")])
    assert report.verdict is Verdict.CONFORMS
    errored = [result for result in report.results if result.status is Status.ERRORED]
    assert {(result.case, result.required) for result in errored} == {("no_token", False)}


def test_small_departures_are_failures():
    """Something a little beyond the bounds, of the size that float32 angles would excuse, is no matter of angles."""

    class SlightlyOff:
        name = "slightly off"

        def build(self, parameters, dtype):
            class Layer:
                def forward(self, x):
                    y = reference.forward(parameters, x)
                    bound = Expectation(FEW[0], "float64").bounds("y")
                    return y + (3 * bound if x.shape == FEW[0].x.shape else 0)

            return Layer()

    report = verify(SlightlyOff(), ["float64"], FEW[:1], explain=False)
    forward = next(r for r in report.results if r.check == "forward")
    assert forward.status is Status.FAILED
    assert forward.message.startswith("y[")
    assert report.verdict is Verdict.DOES_NOT_CONFORM
