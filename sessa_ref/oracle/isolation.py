"""Running a candidate in a process of its own, within limits of time and memory."""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import psutil

from sessa_ref.oracle.candidate import CandidateError

_POLL_SECONDS = (0.0005, 0.02)
_KEPT_OUTPUT = 4096
# The cases are small: threads would only wait for each other. The user's own setting goes first.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class LimitError(CandidateError):
    """The candidate went beyond a limit of time or memory."""


class Limits(NamedTuple):
    """What one request may take."""

    seconds: float = 60.0
    memory: int = 4 * 2**30
    """Bytes of resident memory of the process and its children."""


DEFAULT_LIMITS = Limits()


class WatchedProcess:
    """A process whose output is drained, whose last lines are kept, and which can be held to limits."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=_ONE_THREAD | os.environ,
        )
        self._tail: deque[bytes] = deque(maxlen=16)
        self._drain = threading.Thread(target=self._read_output, daemon=True)
        self._drain.start()

    def send(self, line: str) -> None:
        """Write one line to the process's standard input; a process that is gone is noticed by `wait_for`."""
        stream = self.process.stdin
        if stream is not None:
            with suppress(OSError):
                stream.write(line.encode() + b"\n")
                stream.flush()

    def wait_for(self, done: Callable[[], bool], limits: Limits) -> None:
        """Return when `done()`, or when the process has ended.

        Raises:
            LimitError: a limit was exceeded; the process is killed.
        """
        started, pause = time.monotonic(), _POLL_SECONDS[0]
        while not done() and self.process.poll() is None:
            if time.monotonic() - started > limits.seconds:
                self.kill()
                raise LimitError(f"it did not finish within {limits.seconds:g} s")
            used = self._memory()
            if used > limits.memory:
                self.kill()
                raise LimitError(f"it used more than {limits.memory / 2**20:.0f} MiB of memory")
            time.sleep(pause)
            pause = min(2 * pause, _POLL_SECONDS[1])

    def how_it_ended(self) -> str:
        """Exit status or signal of an ended process, and the last line that it printed."""
        status = self.process.wait()
        self._drain.join(timeout=1)
        how = f"it was killed by signal {-status}" if status < 0 else f"it exited with status {status}"
        lines = b"".join(self._tail)[-_KEPT_OUTPUT:].decode(errors="replace").strip().splitlines()
        return f"{how}: {lines[-1][:300]}" if lines else how

    def kill(self) -> None:
        """End the process and all its children, and wait for them; also when it has ended by itself."""
        family: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(self.process.pid).children(recursive=True)
        with suppress(OSError):  # the whole process group, which outlives a leader that is gone
            os.killpg(self.process.pid, signal.SIGKILL) if os.name == "posix" else self.process.kill()
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait()
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()
        self._drain.join(timeout=1)
        if self.process.stdout is not None and not self._drain.is_alive():
            self.process.stdout.close()

    def _memory(self) -> int:
        total = 0
        with suppress(psutil.Error):  # it ended meanwhile
            leader = psutil.Process(self.process.pid)
            for member in (leader, *leader.children(recursive=True)):
                total += member.memory_info().rss
        return total

    def _read_output(self) -> None:
        stream = self.process.stdout
        while stream is not None and (block := stream.read1(_KEPT_OUTPUT)):  # type: ignore[attr-defined]
            self._tail.append(block)
