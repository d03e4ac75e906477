"""The three ways a candidate can run: in this process, in a worker process, as a command."""

import json
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sessa_ref.oracle.candidate import Adapter, CandidateError, TargetError, UnsupportedError, Values
from sessa_ref.oracle.cases import Case
from sessa_ref.oracle.isolation import DEFAULT_LIMITS, Limits, WatchedProcess
from sessa_ref.oracle.operations import perform
from sessa_ref.oracle.protocol import COMMAND_OPERATIONS, UNSUPPORTED_STATUS, read_output, write_case


class InProcessCandidate:
    """A Python candidate in this very process: no protection, no overhead; for tests of one's own layer."""

    def __init__(self, name: str, adapter: Adapter) -> None:
        self.name = name
        self.adapter = adapter

    def run(self, operation: str, case: Case, dtype: str) -> Values:
        """Perform one operation; what the candidate raises becomes a CandidateError."""
        try:
            return perform(self.adapter, operation, case, dtype)
        except (TargetError, UnsupportedError):
            raise
        except Exception as error:  # whatever the candidate raises
            message = (f"{type(error).__name__}: {error}".splitlines() or [""])[0]
            raise CandidateError(message) from error


class WorkerCandidate:
    """A Python candidate in a worker process, which is started again after a crash. Close it after use."""

    def __init__(self, target: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self.name = target
        self.limits = limits
        self._worker: WatchedProcess | None = None

    def run(self, operation: str, case: Case, dtype: str) -> Values:
        """Perform one operation in the worker."""
        with _request_folder() as folder:
            worker = self._started(folder)
            write_case(folder, operation, case, dtype)
            worker.send(str(folder))
            answer = self._answer(worker, folder / "answer.json")
            if "unsupported" in answer:
                raise UnsupportedError(answer["unsupported"])
            if "error" in answer:
                raise CandidateError(answer["error"])
            return read_output(folder)

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def _started(self, folder: Path) -> WatchedProcess:
        if self._worker is None:
            command = [sys.executable, "-m", "sessa_ref.oracle.worker", self.name, str(folder)]
            self._worker = WatchedProcess(command)
            try:
                self._answer(self._worker, folder / "started.json")
            except CandidateError as error:
                raise TargetError(f"importing it failed: {error}") from None
        return self._worker

    def _answer(self, worker: WatchedProcess, path: Path) -> dict[str, str]:
        try:
            worker.wait_for(path.exists, self.limits)
            if not path.exists():
                raise CandidateError(worker.how_it_ended())
        except CandidateError:
            self.close()
            raise
        answer = json.loads(path.read_text())
        if "target_error" in answer:
            raise TargetError(answer["target_error"])
        return answer


class CommandCandidate:
    """A program in any language that speaks the command protocol, started once per request."""

    def __init__(self, command: str, limits: Limits = DEFAULT_LIMITS) -> None:
        if "{case_dir}" not in command:
            raise TargetError("the command must contain {case_dir}, where the request folder goes")
        self.name = command
        self.limits = limits

    def run(self, operation: str, case: Case, dtype: str) -> Values:
        """Perform one operation by one run of the program."""
        if operation not in COMMAND_OPERATIONS:
            raise UnsupportedError(f"commands have no operation {operation!r}")
        with _request_folder() as folder:
            write_case(folder, operation, case, dtype)
            words = [word.replace("{case_dir}", str(folder)) for word in shlex.split(self.name)]
            try:
                program = WatchedProcess(words)
            except OSError as error:
                raise TargetError(f"{words[0]} cannot be started: {error.strerror}") from None
            try:
                program.wait_for(lambda: False, self.limits)
                status = program.process.wait()
                if status == UNSUPPORTED_STATUS:
                    raise UnsupportedError(f"it does not implement {operation}")
                if status != 0:
                    raise CandidateError(program.how_it_ended())
            finally:
                program.kill()
            return read_output(folder)

    def close(self) -> None:
        """Nothing to do: no process outlives its request."""


@contextmanager
def _request_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sessa-ref-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
