"""The verdict follows from the checks: who is judged, who is accused, and who is not."""

from dataclasses import replace

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.oracle import IncompleteError, TargetError, UnsupportedError, Verdict, battery, verify
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.implementation.protocol import ImplementationError
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.report.results import Status
from tests.oracle.hostile import Right
from tests.oracle.judging import FEW, WRONG, run


def test_our_layer_conforms():
    report = verify(load_target("sessa_ref.optimized:SessaLayer"), cases=battery(quick=True))
    assert report.verdict is Verdict.CONFORMS
    assert {result.status for result in report.results} == {Status.PASSED}
    # Half of the safety factor is left for what other machines round.
    assert all(result.ratio is None or result.ratio < 0.5 for result in report.results)


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


def test_errors_of_the_implementation_are_errored_results():
    cases = [c for c in battery() if c.name in ("no_rope", "two_tokens")]
    report = run("RaisesOnOddWidths", cases)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    errored = [result for result in report.results if result.status is Status.ERRORED]
    assert {result.case for result in errored} == {"no_rope"}
    assert all(result.message == "NotImplementedError: odd widths" for result in errored)


class Sloppy:
    """A NumPy implementation that gives whatever it is told to."""

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
def test_plain_python_implementations(spoil, message):
    assert verify(Sloppy(lambda y: y), ["float64"], FEW).verdict is Verdict.CONFORMS
    report = verify(Sloppy(spoil), ["float64"], FEW, explain=False)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    (first, *_) = [result for result in report.results if result.status is Status.FAILED]
    assert message in first.message


def test_wrong_dtype_fails():
    implementation = Sloppy(lambda y: y)
    implementation.build = lambda parameters, dtype: Sloppy(lambda y: y).build(parameters, "float32")
    report = verify(implementation, ["float64"], FEW, explain=False)
    assert "has dtype float32, expected float64" in report.results[0].message


def test_unknown_dtype():
    with pytest.raises(ValueError, match="dtypes must be some of"):
        verify(Sloppy(lambda y: y), ["float8"])


def test_who_refuses_no_tokens_is_not_accused():
    report = run("RefusesNoTokens", [c for c in battery() if c.name in ("no_token", "one_token")])
    assert report.verdict is Verdict.CONFORMS
    errored = [result for result in report.results if result.status is Status.ERRORED]
    assert {(result.case, result.required) for result in errored} == {("no_token", False)}


def test_small_departures_are_failures():
    """Something a little beyond the bounds, of the size that float32 angles would excuse, is no matter of angles."""
    bound = Expectation(FEW[0], "float64").bounds("y")

    class SlightlyOff:
        name = "slightly off"

        def build(self, parameters, dtype):
            class Layer:
                def forward(self, x):
                    y = reference.forward(parameters, x)
                    return y + (3 * bound if x.shape == FEW[0].x.shape else 0)

            return Layer()

    report = verify(SlightlyOff(), ["float64"], FEW[:1], explain=False)
    forward = next(r for r in report.results if r.check == "forward")
    assert forward.status is Status.FAILED
    assert forward.message.startswith("y[")
    assert report.verdict is Verdict.DOES_NOT_CONFORM


def test_floating_point_errors_of_the_caller_make_no_difference():
    with np.errstate(all="raise"):
        report = verify(Right(), ["float16"], [c for c in FEW if "float16" in c.dtypes][:1], explain=False)
        assert np.geterr()["under"] == "raise"
    assert report.verdict is Verdict.CONFORMS


def test_a_config_for_which_no_layer_can_be_built_is_errored_and_the_others_are_judged():
    class NotThisOne(Right):
        def build(self, parameters, dtype):
            if parameters.config.width != 8:
                raise TargetError("it adds a parameter")
            return super().build(parameters, dtype)

    cases = [c for c in battery() if c.name in ("one_head", "two_tokens")]
    report = verify(NotThisOne(), ["float32"], cases, explain=False)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    errored = [r for r in report.results if r.status is Status.ERRORED]
    assert {(r.case, r.message) for r in errored} == {("one_head", "it adds a parameter")}


class TestWhatIsNotCompared:
    """Nothing conforms by what it did not show."""

    class Declines:
        """The reference, which declines or fails where a function of the operation and the case says so."""

        name = "declines"

        def __init__(self, answer):
            self.answer = answer

        def run(self, operation, case, dtype):
            error = self.answer(operation, case)
            if error is not None:
                raise error
            if operation != "forward":
                raise UnsupportedError("no such operation")
            return {"y": reference.forward(case.parameters, case.x).astype(dtype)}

    ONE = tuple(c for c in battery() if c.name == "two_tokens")

    def judge(self, answer, cases=ONE, **options):
        return verify(self.Declines(answer), ["float32"], cases, explain=False, **options)

    def test_the_outputs_of_a_published_config_cannot_be_declined(self):
        def answer(operation, case):
            return UnsupportedError("too many") if case.name == "two_tokens" else None

        report = self.judge(answer)
        assert report.verdict is Verdict.DOES_NOT_CONFORM
        errored = {r.check: r.message for r in report.results if r.status is Status.ERRORED}
        assert errored == dict.fromkeys(["forward", "causality"], "forward cannot be declined here: too many")

    def test_nor_those_for_other_tokens(self):
        def answer(operation, case):
            changed = case.name == "two_tokens" and not np.array_equal(case.x, self.ONE[0].rounded("float32").x)
            return UnsupportedError("no") if changed else None

        report = self.judge(answer)
        assert report.verdict is Verdict.DOES_NOT_CONFORM
        assert [r.check for r in report.results if r.status is Status.ERRORED] == ["causality"]

    @pytest.mark.parametrize(("error", "status"), [(1.0, Status.FAILED), (0.0, Status.SKIPPED)])
    def test_a_split_that_is_declined_hides_no_wrong_one(self, error, status):
        class Decodes(self.Declines):
            def run(self, operation, case, dtype):
                if operation == "decode" and case.split == 0:
                    raise UnsupportedError("a prompt is needed")
                y = super().run("forward", case, dtype)["y"]
                return {"y": y + np.float32(error) if operation == "decode" else y}

        report = verify(Decodes(lambda operation, case: None), ["float32"], self.ONE, explain=False)
        assert next(r for r in report.results if r.check == "decode").status is status

    def test_nor_those_of_the_smoke_test(self):
        with pytest.raises(TargetError, match=r"the smoke test failed .*: forward cannot be declined: never"):
            self.judge(lambda operation, case: UnsupportedError("never"))

    def test_optional_configs_may_be_declined_but_not_by_an_accident(self):
        optional = [c for c in battery() if c.name == "paper_block"]

        def declining(error):
            return lambda operation, case: None if case.parameters.config.is_published else error

        cases = [*self.ONE, *optional]
        declined = self.judge(declining(UnsupportedError("one head only")), cases)
        assert declined.verdict is Verdict.CONFORMS
        assert declined.skipped == {"forward": 1, "gradients": 2, "decode": 2, "causality": 1}
        assert declined.remark == "6 of 8 checks were skipped: gradients (2), decode (2), forward (1), causality (1)"
        crashed = self.judge(declining(ImplementationError("IndexError: 3")), cases)
        assert crashed.verdict is Verdict.DOES_NOT_CONFORM
        message = next(r.message for r in crashed.results if r.status is Status.ERRORED)
        assert message.startswith("IndexError: 3 (an optional config; to decline it, raise UnsupportedError")

    def test_optional_configs_alone_are_no_reason_to_conform(self):
        report = self.judge(
            lambda operation, case: UnsupportedError("no") if case.name != "smoke" else None,
            [c for c in battery() if c.name == "paper_block"],
        )
        assert report.verdict is Verdict.DOES_NOT_CONFORM
        (missing,) = [r for r in report.results if r.status is Status.ERRORED]
        assert (missing.case, missing.dtype, missing.message) == (
            "every case", "float32", "no output was ever compared",
        )  # fmt: skip

    @pytest.mark.parametrize("cases", [[], [c for c in battery() if c.name == "no_token"]])
    def test_no_tokens_are_no_comparison(self, cases):
        report = self.judge(lambda operation, case: None, cases)
        assert report.verdict is Verdict.DOES_NOT_CONFORM
        assert [r.ratio for r in report.results if r.check == "forward"][-1] is None

    def test_each_precision_needs_a_comparison(self):
        single = [replace(self.ONE[0], dtypes=("float64",))]
        report = verify(self.Declines(lambda operation, case: None), ["float64", "float32"], single, explain=False)
        assert report.verdict is Verdict.DOES_NOT_CONFORM
        assert [r.dtype for r in report.results if r.status is Status.ERRORED] == ["float32"]

    def test_generators_are_looked_at_once(self):
        implementation = self.Declines(lambda operation, case: None)
        report = verify(implementation, (d for d in ["float32"]), (c for c in self.ONE), explain=False)
        assert report.verdict is Verdict.CONFORMS

    def test_a_required_check_cannot_be_skipped(self):
        report = self.judge(lambda operation, case: None)
        assert report.verdict is Verdict.CONFORMS
        required = self.judge(lambda operation, case: None, require=["decode"])
        assert required.verdict is Verdict.DOES_NOT_CONFORM
        (errored,) = [r for r in required.results if r.status is Status.ERRORED]
        assert errored.message == "decode cannot be declined, it is required: no such operation"

    def test_a_required_check_must_have_run(self):
        report = self.judge(lambda operation, case: None, require=["differences"])
        assert [(r.check, r.message) for r in report.results if r.status is Status.ERRORED] == [
            ("differences", "it is required, but was never checked")
        ]

    def test_a_required_finding_decides(self):
        cases = [c for c in battery() if c.name == "three_tokens"]
        assert verify(load_target(f"{WRONG}:LeaksNaN"), ["float32"], cases, explain=False).conforms
        strict = verify(load_target(f"{WRONG}:LeaksNaN"), ["float32"], cases, explain=False, require=["NaN isolation"])
        assert not strict.conforms

    def test_unknown_checks_cannot_be_required(self):
        with pytest.raises(ValueError, match="require must be some of"):
            self.judge(lambda operation, case: None, require=["backward"])

    def test_causality_needs_a_past(self):
        for name, expected in (("no_token", 0), ("one_token", 0), ("two_tokens", 1)):
            report = self.judge(lambda operation, case: None, [c for c in battery() if c.name == name])
            assert sum(r.check in ("causality", "NaN isolation") for r in report.results) == expected


class TestTheOracleFails:
    """What is no fault of the implementation is no verdict."""

    def test_what_was_done_is_kept(self):
        class FullDisk:
            name = "full disk"

            def run(self, operation, case, dtype):
                if case.name == "gain_high":
                    raise OSError(28, "No space left on device")
                if operation != "forward":
                    raise UnsupportedError("no")
                with np.errstate(invalid="ignore"):
                    return {"y": reference.forward(case.parameters, case.x).astype(dtype)}

        with pytest.raises(IncompleteError, match="No space left on device") as caught:
            verify(FullDisk(), ["float32"], FEW)
        report = caught.value.report
        assert report.verdict is Verdict.INCOMPLETE
        assert not report.conforms
        assert {r.case for r in report.results} == {"heads", "two_tokens"}
        assert report.remark.startswith("the run ended early: No space left on device; ")

    def test_a_search_that_fails_leaves_the_verdict(self, monkeypatch):
        def broken(*arguments):
            raise RuntimeError("no catalogue")

        monkeypatch.setattr("sessa_ref.oracle.run.diagnose", broken)
        report = verify(Sloppy(lambda y: y + 1), ["float32"], TestWhatIsNotCompared.ONE)
        assert report.verdict is Verdict.DOES_NOT_CONFORM
        assert report.location == ["unknown; the search for it failed: RuntimeError: no catalogue"]
