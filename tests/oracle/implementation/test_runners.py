"""Implementations that run as a worker or as a command, and answer in files."""

import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from sessa_ref.oracle import TargetError, Verdict, battery, verify
from sessa_ref.oracle.implementation.isolation import Guardian, Limits
from sessa_ref.oracle.implementation.protocol import ImplementationError
from sessa_ref.oracle.implementation.requests import perform
from sessa_ref.oracle.implementation.runners import CommandImplementation, WorkerImplementation
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.implementation.uses import Label, Use, labelled
from sessa_ref.oracle.report.results import Status
from tests.oracle.few_cases import CASES

ONE_CACHE = "tests/oracle/unplanned.py:OneCache"
(CASE,) = (case.rounded("float64") for case in battery() if case.name == "two_tokens")


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
        report = verify(self.program(tmp_path, self.RIGHT), ["float64"], CASES[:1])
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
        seconds = f"300.{os.getpid()}"  # not those of another run of the tests
        script.write_text(f"#!/bin/sh\nsleep {seconds} &\nsleep {seconds}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        implementation = CommandImplementation(f"{script} {{case_dir}}", Limits(1.0, 2**30))
        with pytest.raises(TargetError, match="did not finish within 1 s"):
            verify(implementation, ["float64"], CASES)
        assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", seconds]]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and sessions")
def test_a_pipe_in_place_of_an_answer_is_not_waited_for(tmp_path):
    guardian = Guardian()
    guardian.start(["mkfifo", str(tmp_path / "answer.json")])
    with pytest.raises(ImplementationError, match=r"^it exited with status 0$"):
        WorkerImplementation("x:y")._wait(guardian, tmp_path / "answer.json")
    assert (tmp_path / "answer.json").is_fifo()
    guardian.close()


@pytest.fixture(scope="module")
def worker():
    implementation = WorkerImplementation(ONE_CACHE)
    yield implementation
    implementation.close()


def test_a_worker_answers_with_the_labels_that_were_given(worker):
    own = labelled(perform(load_target(ONE_CACHE), "lengths", CASE, "float64"))
    answered = labelled(worker.run("lengths", CASE, "float64"))
    assert list(own) == [Label("y", Use.FIRST_TOKENS, T) for T in (1, 2)]
    assert all(np.array_equal(answered[label], value) for label, value in own.items())


def test_an_error_of_a_worker_says_in_which_use_it_was(worker):
    with pytest.raises(ImplementationError, match="the cache is full") as caught:
        worker.run("calls", CASE, "float64")
    assert caught.value.label == Label("y", Use.SEQUENCES_IN_TURN)
