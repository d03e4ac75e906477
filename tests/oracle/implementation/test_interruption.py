"""Nothing that the oracle starts outlives it, on whatever signal it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.oracle.implementation.processes import eventually, living

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
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever the tests run under: a shell's background ignores both
signal.signal(signal.SIGINT, signal.default_int_handler)
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
    root = Path(__file__).parents[3]
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
