"""Nothing that the oracle starts outlives it, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.bounds.preparation import prepared
from sessa_ref.oracle.implementation import isolation
from sessa_ref.oracle.implementation.isolation import Guardian, LimitError, Limits
from sessa_ref.oracle.implementation.protocol import ImplementationError, OracleError
from sessa_ref.oracle.implementation.runners import WorkerImplementation
from tests.oracle.test_hostile import CASES

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and sessions")

# An implementation that starts a child, and one that leaves its session, parent and environment; then it hangs.
HANGS = """
import os, subprocess
from tests.oracle.hostile import Right
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve("/bin/sleep", ["sleep", "{mark}"], {{}})
    os._exit(0)
os.wait()
subprocess.Popen(["sleep", "{mark}"])
class Hangs(Right):
    def build(self, parameters, dtype):
        while True:
            pass
"""
# The command line, or the library.
RUN = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever the tests run under
import sessa_ref.commands.app
if __name__ == "__main__":
    if sys.argv[1] == "library":
        from sessa_ref.oracle import verify
        from sessa_ref.oracle.implementation.runners import WorkerImplementation
        verify(WorkerImplementation(sys.argv[2]), ["float32"])
    else:
        sys.argv[1:] = ["verify", "--dtype", "float32", sys.argv[2]]
        sessa_ref.commands.app.main()
"""


def living(folder: Path, mark: str) -> list[psutil.Process]:
    """Processes that sleep for `mark` seconds, or have `folder` as their temporary one."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.cmdline()[1:] == [mark] or process.environ().get("TMPDIR") == str(folder)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            pass
    return found


def eventually(condition, seconds=60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


@pytest.mark.parametrize(
    ("kind", "number", "times"),
    [
        ("cli", signal.SIGTERM, 1),
        ("cli", signal.SIGHUP, 1),
        ("cli", signal.SIGINT, 5),
        ("cli", signal.SIGKILL, 1),
        ("library", signal.SIGTERM, 1),
    ],
)
def test_nothing_survives(tmp_path, kind, number, times):
    folder, mark = tmp_path / "temporary", f"7{os.getpid()}.{number}{times}{len(kind)}"
    folder.mkdir()
    (tmp_path / "hangs.py").write_text(HANGS.format(mark=mark))
    (tmp_path / "run.py").write_text(RUN)
    root = Path(__file__).parents[2]
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(root)}
    run = subprocess.Popen(
        [sys.executable, tmp_path / "run.py", kind, f"{tmp_path / 'hangs.py'}:Hangs"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        assert eventually(lambda: sum(p.cmdline()[1:] == [mark] for p in living(folder, mark)) == 2)
        for _ in range(times):
            os.killpg(run.pid, number)  # as a terminal does it, to all that it knows of
            time.sleep(0.02)
        output = run.communicate(timeout=60)[0].decode()
        # Python itself lets a late Ctrl-C end it by the signal.
        allowed = {128 + number, -signal.SIGINT} if kind == "cli" and number != signal.SIGKILL else {-number}
        assert run.returncode in allowed
        assert "Traceback" not in output
        assert eventually(lambda: not living(folder, mark), 20), living(folder, mark)
        assert eventually(lambda: not list(folder.iterdir()), 20)
    finally:
        for process in living(folder, mark):
            process.kill()


class TestGuardian:
    """What runs under it."""

    LIMITS = Limits(30.0, 2**30)

    def test_ends_with_its_last_user_and_takes_everything_along(self):
        mark = f"8{os.getpid()}.1"
        guardian = Guardian()
        script = f"(env -i setsid sleep {mark} &) ; (sleep {mark} &) ; exit 4"
        guardian.start(["sh", "-c", script])
        guardian.wait_for(lambda: False, self.LIMITS)
        assert guardian.how_it_ended() == "it exited with status 4"
        assert not living(guardian.folder, mark)
        guardian.start(["sh", "-c", f"(sleep {mark} &) ; exec sleep {mark}"])
        folder = guardian.folder
        assert eventually(lambda: len(living(folder, mark)) == 2)
        del guardian
        assert not living(folder, mark)
        assert not folder.exists()

    def test_gives_no_stream_of_this_process(self):
        guardian = Guardian()
        guardian.start(["sh", "-c", "cat; ls /dev/fd/; echo done"])
        guardian.wait_for(lambda: False, self.LIMITS)
        assert guardian.how_it_ended() == "it exited with status 0: done"
        guardian.close()

    def test_endless_output_is_neither_kept_nor_waited_for(self):
        guardian = Guardian()
        guardian.start(["sh", "-c", "head -c 50000000 /dev/zero; echo; echo end"])
        guardian.wait_for(lambda: False, self.LIMITS)
        assert guardian.how_it_ended() == "it exited with status 0: end"
        guardian.close()

    def test_a_program_that_ends_its_guardian_gets_nowhere(self):
        mark = f"8{os.getpid()}.2"
        guardian = Guardian()
        guardian.start(["sh", "-c", f"sleep 0.5; kill -9 $PPID; exec sleep {mark}"])
        guardian.wait_for(lambda: False, self.LIMITS)
        assert guardian.how_it_ended() == "the process that watches over it was ended"
        assert eventually(lambda: not guardian.alive)
        assert not living(guardian.folder, mark)
        assert not guardian.folder.exists()

    def test_a_program_that_stops_its_guardian_gets_nowhere_either(self, monkeypatch):
        monkeypatch.setattr(isolation, "_PATIENCE", 1.0)
        mark = f"8{os.getpid()}.4"
        guardian = Guardian()
        guardian.start(["sh", "-c", f"(setsid sleep {mark} &) ; sleep 0.5; kill -STOP $PPID; exec sleep {mark}"])
        assert eventually(lambda: len(living(guardian.folder, mark)) == 2)
        with pytest.raises(LimitError):
            guardian.wait_for(lambda: False, Limits(0.5, 2**30))
        assert not guardian.alive
        assert not living(guardian.folder, mark)
        assert not guardian.folder.exists()

    @pytest.mark.filterwarnings("ignore:os.fork\\(\\) was called:RuntimeWarning")  # by a library in the same process
    def test_survives_what_others_write_and_the_end_of_a_fork(self):
        guardian = Guardian()
        if os.fork() == 0:
            guardian.close()  # as at the exit of that process
            os._exit(0)
        os.wait()
        guardian.start(["sh", "-c", "echo junk > /proc/$PPID/fd/1; echo done"])
        guardian.wait_for(lambda: False, self.LIMITS)
        assert guardian.how_it_ended() == "it exited with status 0: done"
        guardian.close()

    def test_orphans_are_found_by_their_mark_where_the_system_does_not_hand_them_over(self, monkeypatch):
        from sessa_ref.oracle.implementation import guardian as script

        mark = f"8{os.getpid()}.3"
        monkeypatch.setenv(script._MARK, mark)
        told: list[dict] = []
        monkeypatch.setattr(script, "_tell", lambda **message: told.append(message))
        program = script.Program(["sh", "-c", f"(setsid sleep {mark} &)"], False, orphans_come_here=False)
        program.waiting.join(30)
        assert told[-1] == {"ended": 0, "output": ""}
        assert not living(Path(), mark)


def test_folders_are_removed_whatever_became_of_them(tmp_path):
    from sessa_ref.oracle.implementation.guardian import remove

    kept, folder = tmp_path / "kept", tmp_path / "folder"
    (kept / "inner").mkdir(parents=True)
    for become in (
        lambda: folder.symlink_to(kept),
        lambda: folder.write_text(""),
        lambda: shutil.copytree(kept, folder) and ((folder / "inner").chmod(0), folder.chmod(0)),
        lambda: None,
    ):
        become()
        remove(folder)
        assert not os.path.lexists(folder)
    assert (kept / "inner").exists()


def test_a_pipe_in_place_of_an_answer_is_not_waited_for(tmp_path):
    guardian = Guardian()
    guardian.start(["mkfifo", str(tmp_path / "answer.json")])
    with pytest.raises(ImplementationError, match=r"^it exited with status 0$"):
        WorkerImplementation("x:y")._wait(guardian, tmp_path / "answer.json")
    assert (tmp_path / "answer.json").is_fifo()
    guardian.close()


def test_a_temporary_folder_that_cannot_be_had(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    guardian = Guardian()
    guardian.folder.rmdir()
    guardian.folder.write_text("in the way")
    with pytest.raises(OracleError, match=f"^cannot write requests to {guardian.folder}: File exists$"):
        guardian.request_folder().__enter__()
    guardian.folder.unlink()


class TestTrueValues:
    """The processes that compute them."""

    def test_are_those_of_this_process(self):
        here = [e for case in CASES for e in expectations(case, ("float32",)).values()]
        there = list(prepared(CASES, ["float32"], 2))
        assert [(e.case.name, e.dtype) for e in there] == [(e.case.name, e.dtype) for e in here]
        assert all((a.true["y"] == b.true["y"]).all() for a, b in zip(here, there, strict=True))
        assert not _computing()

    def test_end_with_the_generator(self):
        ready = prepared(CASES * 20, ["float32"], 2)
        next(ready)
        assert _computing()
        ready.close()
        assert not _computing()

    def test_one_that_is_ended_is_the_oracles_own_failure(self):
        ready = prepared(CASES * 20, ["float32"], 2)
        next(ready)
        _computing()[0].kill()
        with pytest.raises(OracleError, match="a process that computes true values ended with status -9"):
            list(ready)
        assert not _computing()


def _computing() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]
