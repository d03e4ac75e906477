"""Hostile implementations: each gets its verdict, and the rest of the battery goes on."""

import os
import stat
import sys
from pathlib import Path

import pytest

from sessa_ref.oracle import Report, TargetError, Verdict, battery, verify
from sessa_ref.oracle.implementation.isolation import Limits
from sessa_ref.oracle.implementation.runners import CommandImplementation, WorkerImplementation
from sessa_ref.oracle.report.results import Status

HOSTILE = Path(__file__).parent / "hostile.py"
CASES = [c for c in battery(quick=True) if c.name in ("one_token", "two_tokens", "one_head")]


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
        ("Hangs", Limits(2.0, 2**30), "it did not finish within 2 s"),
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


def test_a_module_that_hangs_while_it_is_imported(tmp_path):
    path = tmp_path / "sleeps_on_import.py"
    path.write_text("import time\ntime.sleep(60)\n")
    implementation = WorkerImplementation(f"{path}:Layer", Limits(2.0, 2**30))
    with pytest.raises(TargetError, match="importing it failed: it did not finish within 2 s"):
        verify(implementation, ["float64"], CASES)


def test_a_module_that_crashes_while_it_is_imported(tmp_path):
    path = tmp_path / "dies_on_import.py"
    path.write_text("import os\nprint('last words')\nos._exit(5)\n")
    implementation = WorkerImplementation(f"{path}:Layer")
    with pytest.raises(TargetError, match="importing it failed: it exited with status 5"):
        verify(implementation, ["float64"], CASES)


class TestCommands:
    """Programs that speak the command protocol."""

    def program(self, tmp_path: Path, body: str) -> CommandImplementation:
        path = tmp_path / "program.py"
        path.write_text(body)
        return CommandImplementation(f"{sys.executable} {path} {{case_dir}}", Limits(20.0, 2**30))

    RIGHT = """
import sys
from pathlib import Path
from sessa_ref import reference
from sessa_ref.oracle.implementation.request_folder import read_case, write_output
folder = Path(sys.argv[1])
operation, case, dtype = read_case(folder)
if operation != "forward":
    (folder / "unsupported.txt").write_text(f"no {operation} yet")
    sys.exit(0)
write_output(folder, {"y": reference.forward(case.parameters, case.x).astype(dtype)})
"""

    def test_right_program(self, tmp_path):
        report = verify(self.program(tmp_path, self.RIGHT), ["float64"], CASES[:2])
        assert report.verdict is Verdict.CONFORMS
        skipped = {r.check: r.message for r in report.results if r.status is Status.SKIPPED}
        assert skipped["decode"] == "no decode yet"
        assert skipped["gradients"] == "no vjp yet"

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("raise SystemExit('no')", "it exited with status 1: no"),
            ("raise SystemExit(3)", "it exited with status 3"),
            ("import sys; open(sys.argv[1] + '/unsupported.txt', 'w').close()", "unsupported.txt is empty"),
            ("pass", "it wrote no out.safetensors"),
            ("import sys; open(sys.argv[1] + '/out.safetensors', 'w').write('junk')", "cannot be read"),
        ],
    )
    def test_broken_program(self, tmp_path, body, message):
        with pytest.raises(TargetError, match=message):
            verify(self.program(tmp_path, body), ["float64"], CASES)

    def test_program_that_does_not_exist(self):
        with pytest.raises(TargetError, match="cannot be started"):
            verify(CommandImplementation("/absent/program {case_dir}"), ["float64"], CASES)

    def test_command_without_place_for_the_folder(self):
        with pytest.raises(TargetError, match=r"must contain \{case_dir\}"):
            CommandImplementation("program")

    @pytest.mark.skipif(os.name != "posix", reason="needs a shell script")
    def test_children_of_a_command_end_with_it(self, tmp_path):
        import psutil

        script = tmp_path / "spawns.sh"
        script.write_text("#!/bin/sh\nsleep 300 &\nsleep 300\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        implementation = CommandImplementation(f"{script} {{case_dir}}", Limits(1.0, 2**30))
        with pytest.raises(TargetError, match="did not finish within 1 s"):
            verify(implementation, ["float64"], CASES)
        assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "300"]]
