"""The three ways an implementation can run: in this process, in a worker process, as a command."""

import errno
import json
import shlex
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

import sessa_ref
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.isolation import DEFAULT_LIMITS, Guardian, Limits
from sessa_ref.oracle.implementation.protocol import (
    Adapter,
    ImplementationError,
    OracleError,
    TargetError,
    UnsupportedError,
    Values,
    about,
    first_line,
)
from sessa_ref.oracle.implementation.request_folder import COMMAND_OPERATIONS, check_supported, read_output, write_case
from sessa_ref.oracle.implementation.requests import perform
from sessa_ref.oracle.implementation.uses import Label
from sessa_ref.oracle.levels import LAYER, Level

_NO_RESOURCES = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
_ROOM = 2**16
"""How many bytes larger than the request an answer may be, in `Guardian.check_folder`."""
_LONGEST_ANSWER = 2**16
ROOM_FOR_LIBRARIES = 8 * 2**30
"""Bytes of the machine's memory for the libraries of a GPU and what they pin there."""
# The folder of the package comes first only while the package is found; -P keeps the current directory away.
_WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
import sessa_ref
del sys.path[0]
from sessa_ref.oracle.implementation.worker import main
arguments = sys.argv[2:]
del sys.argv[1:]
main(*arguments)
"""


class InProcessImplementation:
    """A Python implementation in this very process: no protection, no overhead; for tests of one's own layer.

    It has no limits of time or memory, and it can crash, print, or change the settings of this process.
    """

    def __init__(self, name: str, adapter: Adapter) -> None:
        self.name = name
        self.adapter = adapter

    def about(self) -> dict[str, str]:
        """What the adapter runs on."""
        return about(self.adapter)

    def run(self, operation: str, case: Case, dtype: str) -> Values:
        """Perform one operation; what the implementation raises becomes an ImplementationError."""
        try:
            with np.errstate():  # its settings for floating-point errors stay its own
                return perform(self.adapter, operation, case, dtype)
        except (TargetError, UnsupportedError, ImplementationError):
            raise
        except (Exception, SystemExit) as error:  # whatever the implementation raises
            raise ImplementationError(first_line(error)) from error


class _GuardedImplementation:
    """Common to implementations in other processes: limits, and a guardian that the first request starts."""

    def __init__(self, name: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self.name = name
        self.limits = limits
        self._guardian: Guardian | None = None
        self._one_at_a_time = threading.Lock()

    def close(self) -> None:
        """End the running program and all its children, and remove every request folder."""
        if self._guardian is not None:
            self._guardian.close()
            self._guardian = None

    def run(self, operation: str, case: Case, dtype: str) -> Values:
        """Perform one operation in another process.

        Raises:
            OracleError: it cannot be asked, or cannot answer, for lack of disk space, memory or processes.
        """
        with self._one_at_a_time:
            guardian = self._living_guardian()
            with guardian.request_folder() as folder:
                with guardian.writing():
                    write_case(folder, operation, case, dtype)
                    size = (folder / "case.safetensors").stat().st_size
                try:
                    return self._answer(guardian, folder, operation)
                except (ImplementationError, TargetError):
                    if guardian.alive:
                        guardian.check_folder(size + _ROOM)
                    raise

    def _living_guardian(self) -> Guardian:
        if self._guardian is None or not self._guardian.alive:
            self.close()
            self._guardian = Guardian()
        return self._guardian

    def _answer(self, guardian: Guardian, folder: Path, operation: str) -> Values:
        raise NotImplementedError


class WorkerImplementation(_GuardedImplementation):
    """A Python implementation in a worker process, which is started again after a crash, or when it loses its device.

    Args:
        name: the target; see `targets.load_target`.
        limits: of one request. On a device other than the CPU, torch may use so much of the device's memory, where it
            can limit that, and the process `ROOM_FOR_LIBRARIES` more of the machine's.
        level: what the target implements.
        device: where a torch module or the tensors of a torch function are.
    """

    block_sizes: tuple[int, ...] = ()
    """Tokens per block that the target declares; known once it runs."""
    lacking: tuple[str, ...] = ()
    """Precisions that the device does not have; known once it runs."""

    def __init__(self, name: str, limits: Limits = DEFAULT_LIMITS, level: Level = LAYER, device: str = "cpu") -> None:
        super().__init__(name, limits)
        self.level = level
        self.device = device
        self._device_memory = limits.memory
        self._about: dict[str, str] = {}
        if device != "cpu":
            self.limits = limits._replace(memory=limits.memory + ROOM_FOR_LIBRARIES)

    def about(self) -> dict[str, str]:
        """What the target runs on, as of its last answer."""
        return dict(self._about)

    def start(self) -> None:
        """Start the process, if it is not running.

        Raises:
            TargetError: the target cannot be run, or not on this device.
            OracleError: no process can be started.
        """
        with self._one_at_a_time:
            guardian = self._living_guardian()
            if guardian.has_ended():
                with guardian.request_folder() as folder:
                    self._start(guardian, folder)

    def _answer(self, guardian: Guardian, folder: Path, operation: str) -> Values:
        if guardian.has_ended():
            self._start(guardian, folder)
        guardian.send(str(folder))
        answer = self._wait(guardian, folder / "answer.json")
        if answer.get("lost"):  # after an illegal address, for example, a process cannot use its GPU any more
            guardian.stop()
        if "unsupported" in answer:
            raise UnsupportedError(answer["unsupported"])
        if "error" in answer:
            raise ImplementationError(answer["error"], _label(answer.get("label")))
        return read_output(folder)

    def _start(self, guardian: Guardian, folder: Path) -> None:
        package = Path(sessa_ref.__file__).resolve().parents[1]
        arguments = [str(package), self.name, str(folder), self.level.name, self.device, str(self._device_memory)]
        try:
            guardian.start([sys.executable, "-P", "-c", _WORKER, *arguments], requests=True)
        except OSError as error:
            raise OracleError(f"the implementation's process cannot be started: {error.strerror}") from None
        try:
            started = self._wait(guardian, folder / "started.json")
        except ImplementationError as error:
            raise TargetError(f"importing it failed: {error}") from None
        self.block_sizes = tuple(map(int, started.get("block_sizes", ())))
        self.lacking = tuple(map(str, started.get("lacking", ())))

    def _wait(self, guardian: Guardian, path: Path) -> dict[str, Any]:
        guardian.wait_for(path.is_file, self.limits)  # a pipe of that name would block who opens it
        if not path.is_file():
            raise ImplementationError(guardian.how_it_ended())
        try:
            with path.open(encoding="utf-8") as file:
                answer = dict(json.loads(file.read(_LONGEST_ANSWER)))
        except (ValueError, TypeError, OSError) as error:
            raise ImplementationError(f"its {path.name} cannot be read: {error}") from None
        if "disk" in answer:
            raise OracleError(f"cannot write answers to {guardian.folder}: {answer['disk']}")
        if "target_error" in answer:
            raise TargetError(answer["target_error"])
        told = answer.get("about")
        self._about = {str(n): str(value) for n, value in told.items()} if isinstance(told, dict) else {}
        return answer


def _label(key: Any) -> Label | None:
    """The label of a key that a worker wrote, which the implementation may have changed."""
    try:
        return None if key is None else Label.from_key(key)
    except ValueError:
        return None


class CommandImplementation(_GuardedImplementation):
    """A program in any language that speaks the command protocol, started once per request."""

    def __init__(self, command: str, limits: Limits = DEFAULT_LIMITS) -> None:
        if "{case_dir}" not in command:
            raise TargetError("the command must contain {case_dir}, where the request folder goes")
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise TargetError(f"the command cannot be split into words: {error}") from None
        super().__init__(command, limits)

    def run(self, operation: str, case: Case, dtype: str) -> Values:
        """Perform one operation by one run of the program."""
        if operation not in COMMAND_OPERATIONS:
            raise UnsupportedError(f"commands have no operation {operation!r}")
        return super().run(operation, case, dtype)

    def _answer(self, guardian: Guardian, folder: Path, operation: str) -> Values:
        words = [word.replace("{case_dir}", str(folder)) for word in self._words]
        try:
            guardian.start(words)
        except OSError as error:
            problem = f"{words[0]} cannot be started: {error.strerror}"
            raise (OracleError if error.errno in _NO_RESOURCES else TargetError)(problem) from None
        guardian.wait_for(lambda: False, self.limits)
        if guardian.status != 0:
            raise ImplementationError(guardian.how_it_ended())
        check_supported(folder)
        return read_output(folder)
