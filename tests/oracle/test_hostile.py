"""Hostile implementations: each gets its verdict, and the rest of the battery goes on."""

from pathlib import Path

import pytest

from sessa_ref.oracle import Report, TargetError, Verdict, verify
from sessa_ref.oracle.implementation.isolation import Limits
from sessa_ref.oracle.implementation.runners import WorkerImplementation
from sessa_ref.oracle.report.results import Status
from tests.oracle.few_cases import CASES

HOSTILE = Path(__file__).parent / "hostile.py"


def run(name: str, limits: Limits = Limits(20.0, 2**30)) -> Report:  # noqa: B008
    implementation = WorkerImplementation(f"{HOSTILE}:{name}", limits)
    try:
        return verify(implementation, ["float64"], CASES, explain=False)
    finally:
        implementation.close()


def test_the_right_layer_conforms_here():
    report = run("Right")
    assert report.verdict is Verdict.CONFORMS
    assert {r.check for r in report.results if r.status is Status.SKIPPED} == {"decode"}


@pytest.mark.parametrize(
    ("name", "limits", "message"),
    [
        ("Crashes", Limits(20.0, 2**30), "it was killed by signal 11"),
        ("Exits", Limits(20.0, 2**30), "it exited with status 9: goodbye"),
        ("RaisesSystemExit", Limits(20.0, 2**30), "it exited with status 4"),
        ("Hangs", Limits(6.0, 2**30), "it did not finish within 6 s"),
        ("Allocates", Limits(20.0, 2**29), "it used more than 512 MiB of memory"),
    ],
)
def test_what_ends_the_process_is_errored_for_that_case_alone(name, limits, message):
    report = run(name, limits)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    errored = [r for r in report.results if r.status is Status.ERRORED]
    assert {r.case for r in errored} == {"two_tokens"}
    # The last line that the process printed follows, which may be a warning of an earlier case.
    assert any(r.message.startswith(message) for r in errored)
    assert all(r.status in (Status.PASSED, Status.SKIPPED) for r in report.results if r.case != "two_tokens")


def test_printing_megabytes_does_no_harm():
    assert run("Prints").verdict is Verdict.CONFORMS


@pytest.mark.parametrize(
    ("name", "check", "message"),
    [
        ("WritesToInput", "calls", "it modifies its input"),
        ("CachesByShape", "calls", "bounds"),
        ("WrongShape", "forward", "y has shape"),
        ("AllNaN", "forward", "off by inf bounds"),
        ("WrongValues", "forward", "bounds"),
    ],
)
def test_wrong_answers_fail(name, check, message):
    report = run(name)
    assert report.verdict is Verdict.DOES_NOT_CONFORM
    assert any(message in r.message for r in report.results if r.check == check and r.status is Status.FAILED)


def test_no_array_is_errored():
    report = run("NoArray")
    assert {r.case for r in report.results if r.status is Status.ERRORED} >= {"one_token", "two_tokens"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("NeverRuns", r"the smoke test failed \(three tokens, width 8, heads 2\): RuntimeError: not today"),
        ("not_an_adapter", "is an object of type int, but neither a torch module class"),
        ("Absent", "has no Absent"),
    ],
)
def test_what_cannot_run_at_all(name, message):
    with pytest.raises(TargetError, match=message):
        run(name)
