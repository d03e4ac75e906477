"""Running an implementation in processes of its own, within limits of time and memory."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from sessa_ref.oracle.implementation import guardian
from sessa_ref.oracle.implementation.protocol import ImplementationError, OracleError

_POLL_SECONDS = (0.0005, 0.02)
_PATIENCE = 30.0
"""Seconds to wait for an answer of the guardian."""
# The cases are small: threads would only wait for each other. A setting of the user's takes precedence.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class LimitError(ImplementationError):
    """The implementation went beyond a limit of time or memory."""


class Limits(NamedTuple):
    """What one request may take."""

    seconds: float = 60.0
    memory: int = 4 * 2**30
    """Bytes of resident memory of the process and its children."""


DEFAULT_LIMITS = Limits()


class Guardian:
    """A process that starts programs, one at a time, and a folder for requests. Both end with this process.

    Programs get none of this process's streams. Their output is read, and its end kept.

    Raises:
        OracleError: the process cannot be started, or the folder cannot be made.
    """

    def __init__(self) -> None:
        # -P: no module is taken from the script's own folder.
        command = [sys.executable, "-P", guardian.__file__]
        with _own_failures("the process that watches over the implementation cannot be started"):
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # away from the terminal's Ctrl-C
                env=_ONE_THREAD | os.environ,
            )
        self._process = process
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process.stdout, self._messages), daemon=True).start()
        self._ended: dict[str, Any] | None = {}
        self._pid = 0
        folders: list[Path] = []
        self.close = weakref.finalize(self, _end, process, folders, os.getpid())
        """End the program that runs, with all that it started, and remove the folder; also called at exit."""
        with _own_failures("the implementation cannot be run"):
            self.folder = Path(self._answer("folder"))
        folders.append(self.folder)

    @property
    def alive(self) -> bool:
        """Whether it can start programs."""
        return self._process.poll() is None

    @contextmanager
    def request_folder(self) -> Iterator[Path]:
        """A folder for one request.

        Raises:
            OracleError: it cannot be made.
        """
        with self.writing():
            self.folder.mkdir(exist_ok=True)  # implementations can remove it
            folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            yield folder
        finally:
            guardian.remove(folder)

    def writing(self) -> Any:
        """A context in which the operating system's errors are the oracle's own, and name the folder."""
        return _own_failures(f"cannot write requests to {self.folder}")

    def start(self, words: Sequence[str], requests: bool = False) -> None:
        """Start a program; with `requests`, its standard input takes what `send` sends.

        Raises:
            OSError: it cannot be started.
            OracleError: nothing can be started.
        """
        self._ended = None
        self._tell(start=list(words), requests=requests)
        self._pid = int(self._answer("pid"))

    def send(self, line: str) -> None:
        """Write one line to the program's standard input. If the program has ended, `wait_for` notices."""
        self._tell(send=line)

    def wait_for(self, done: Callable[[], bool], limits: Limits) -> None:
        """Return when `done()`, or when the program has ended.

        Raises:
            LimitError: a limit was exceeded; the program is stopped.
        """
        started, pause = time.monotonic(), _POLL_SECONDS[0]
        while not done() and not self.has_ended(pause):
            if time.monotonic() - started > limits.seconds:
                self.stop()
                raise LimitError(f"it did not finish within {limits.seconds:g} s")
            if self._memory() > limits.memory:
                self.stop()
                raise LimitError(f"it used more than {limits.memory / 2**20:.0f} MiB of memory")
            pause = min(2 * pause, _POLL_SECONDS[1])

    def has_ended(self, within: float = 0.0) -> bool:
        """Whether the program has ended, or ends in so many seconds."""
        if self._ended is None:
            with suppress(queue.Empty):
                self._ended = self._messages.get(timeout=within) or self._without_guardian()
        return self._ended is not None

    @property
    def status(self) -> int | None:
        """Exit status of a program that has ended; negative for a signal; None where nobody knows."""
        return (self._ended or {}).get("ended")

    def how_it_ended(self) -> str:
        """Exit status or signal of an ended program, and the last line that it printed."""
        if self.status is None:
            return "the process that watches over it was ended"
        how = f"it was killed by signal {-self.status}" if self.status < 0 else f"it exited with status {self.status}"
        lines = (self._ended or {})["output"].strip().splitlines()
        return f"{how}: {lines[-1][:300]}" if lines else how

    def stop(self) -> None:
        """End the program and all its children, and wait for them."""
        if self._ended is None:
            self._tell(stop=True)
            if not self.has_ended(_PATIENCE):
                _abandon(self._process, [self.folder])
                self.has_ended(_PATIENCE)

    def check_folder(self, size: int) -> None:
        """Check that the folder still takes a file of `size` bytes; otherwise the implementation cannot answer.

        Raises:
            OracleError: it does not.
        """
        with self.writing(), self.request_folder() as folder:
            (folder / "trial").write_bytes(bytes(size))

    def _tell(self, **message: Any) -> None:
        with suppress(OSError):  # if the guardian has ended, the reader of its answers notices
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def _answer(self, key: str) -> Any:
        try:
            message = self._messages.get(timeout=_PATIENCE)
        except queue.Empty:
            message = None
        if message is None:
            self.close()
            raise OracleError("the process that watches over the implementation does not answer")
        if "errno" in message:
            self._ended = {}
            raise OSError(message["errno"], message["error"])
        return message[key]

    def _without_guardian(self) -> dict[str, Any]:
        """Do what the guardian would have done, as far as this process can."""
        with suppress(OSError):
            os.killpg(self._pid, signal.SIGKILL) if os.name == "posix" else os.kill(self._pid, signal.SIGTERM)
        guardian.remove(self.folder)
        return {"lost": True}

    def _memory(self) -> int:
        total = 0
        with suppress(psutil.Error):  # it ended meanwhile
            for member in psutil.Process(self._process.pid).children(recursive=True):
                total += member.memory_info().rss
        return total


@contextmanager
def _own_failures(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OracleError(f"{doing}: {error.strerror or error}") from None


def _read(stream: Any, messages: "queue.SimpleQueue[dict[str, Any] | None]") -> None:
    with stream:
        for line in stream:
            with suppress(ValueError):  # a program of the same user can write in between
                messages.put(json.loads(line))
    messages.put(None)


def _end(process: "subprocess.Popen[bytes]", folders: Sequence[Path], owner: int) -> None:
    if os.getpid() != owner:  # this is a forked copy of the process that owns the guardian
        return
    assert process.stdin is not None
    with suppress(OSError):  # it may be gone
        process.stdin.write(b"\n")  # its input does not end while a forked copy of this process has it too
        process.stdin.close()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        _abandon(process, folders)


def _abandon(process: "subprocess.Popen[bytes]", folders: Sequence[Path]) -> None:
    """Clean up for a guardian that does not answer, for example because a program has stopped it."""
    with suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for member in family:
            with suppress(psutil.Error):
                member.kill()
    process.wait()
    for folder in folders:
        guardian.remove(folder)
