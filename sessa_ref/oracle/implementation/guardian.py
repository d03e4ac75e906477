"""The process that starts implementations and ends them when the oracle ends, even if the oracle is killed.

`isolation.Guardian` runs this file as a script, and speaks to it in lines of JSON over its standard streams:

    {"start": [WORD, ...], "requests": true}   start a program; with `requests`, its standard input is a pipe
    {"send": "LINE"}                           write a line to that pipe
    {"stop": true}                             kill the program and everything that it has started
    (end of the input, or an empty line)       the same, then remove the folder, and end

and back come {"folder": PATH} at the beginning, {"pid": NUMBER} when a program has started, {"ended": STATUS,
"output": TEXT} when it and all its children are gone, and {"errno": NUMBER, "error": TEXT} where the folder cannot be
made or the program cannot be started. Only one program runs at a time. It imports nothing of `sessa_ref`, so that it starts at once.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress

import psutil

_KEPT_OUTPUT = 4096
_PATIENCE = 5.0
"""Seconds to wait for a process that was killed; one that hangs in the kernel cannot end."""
_MARK = "SESSA_REF_GUARDIAN"
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Serve the oracle until it ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # a handler that does nothing, because programs would inherit SIG_IGN
            signal.signal(getattr(signal, name), lambda *_: None)
    os.environ[_MARK] = uuid.uuid4().hex
    orphans_come_here = _adopt_orphans()
    try:
        folder = tempfile.mkdtemp(prefix="sessa-ref-")
    except OSError as error:
        return _tell(errno=error.errno, error=f"no temporary folder can be made: {error.strerror or error}")
    _tell(folder=folder)
    program: Program | None = None
    try:
        for line in sys.stdin:
            request = json.loads(line) if line.strip() else None
            if request is None:
                break
            if "start" in request:
                try:
                    program = Program(request["start"], request["requests"], orphans_come_here)
                except OSError as error:
                    _tell(errno=error.errno, error=error.strerror)
            elif program is not None and "send" in request:
                program.send(request["send"])
            elif program is not None:
                program.stop()
    finally:
        if program is not None:
            program.stop()
            program.waiting.join(2 * _PATIENCE)
        remove(folder)
    return None


class Program:
    """A running program, its last output, and everything that it starts."""

    def __init__(self, words: Sequence[str], requests: bool, orphans_come_here: bool) -> None:
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE if requests else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.orphans_come_here = orphans_come_here
        self.output = b""
        self.drain = threading.Thread(target=self._drain, daemon=True)
        self.drain.start()
        _tell(pid=self.process.pid)
        self.waiting = threading.Thread(target=self._wait, daemon=True)
        self.waiting.start()

    def send(self, line: str) -> None:
        """Write a line to the program. If the program has ended, `_wait` reports it."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.write(line.encode() + b"\n")
                self.process.stdin.flush()

    def stop(self) -> None:
        """Kill the program; `_wait` then kills the others."""
        self.process.kill()

    def _drain(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            while block := os.read(stream.fileno(), 2**16):
                self.output = (self.output + block)[-_KEPT_OUTPUT:]

    def _wait(self) -> None:
        status = self.process.wait()
        self._end_children()
        self.drain.join(1)
        _tell(ended=status, output=self.output.decode(errors="replace"))

    def _end_children(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._childless() and (family := self._family()) and time.monotonic() < deadline:
            for member in family:
                with suppress(psutil.Error):
                    member.kill()
            psutil.wait_procs(family, timeout=0.1)

    def _childless(self) -> bool:
        """Whether no child is left, as far as the operating system says so at once."""
        if self.orphans_come_here:
            try:
                os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return True
        return False

    def _family(self) -> list[psutil.Process]:
        family = psutil.Process().children(recursive=True)
        if not self.orphans_come_here:  # their parent is now the system, but they carry the mark in their environment
            with suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL) if os.name == "posix" else None
            family += [p for p in psutil.process_iter() if p not in family and p.pid != os.getpid() and _is_marked(p)]
        return family


def remove(folder: str | os.PathLike[str]) -> None:
    """Remove a folder, even if a program replaced it by a link or a file, or made it read-only."""
    with suppress(OSError):
        os.unlink(folder)
    _open(folder)
    for parent, inner, _files in os.walk(folder):  # top down: a folder must be opened before it is listed
        for name in inner:
            _open(os.path.join(parent, name))
    shutil.rmtree(folder, ignore_errors=True)


def _open(folder: str | os.PathLike[str]) -> None:
    if not os.path.islink(folder):
        with suppress(OSError):
            os.chmod(folder, 0o700)


def _adopt_orphans() -> bool:
    """Whether orphaned descendants of this process become its children, so that they can be found and ended."""
    if sys.platform != "linux":
        return False
    return ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def _is_marked(process: psutil.Process) -> bool:
    try:
        return process.environ().get(_MARK) == os.environ[_MARK]
    except (psutil.Error, OSError):
        return False


def _tell(**message: object) -> None:
    with suppress(OSError), _ONE_AT_A_TIME:  # the oracle may be gone
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


_ONE_AT_A_TIME = threading.Lock()

if __name__ == "__main__":
    main()
