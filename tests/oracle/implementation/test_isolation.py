"""What runs under a guardian ends with it, and gets nowhere else."""

import os

import pytest

from sessa_ref.oracle.implementation import isolation
from sessa_ref.oracle.implementation.isolation import Guardian, LimitError, Limits
from sessa_ref.oracle.implementation.protocol import OracleError
from tests.oracle.implementation.processes import eventually, living

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and sessions")


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


def test_a_temporary_folder_that_cannot_be_had(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    guardian = Guardian()
    guardian.folder.rmdir()
    guardian.folder.write_text("in the way")
    with pytest.raises(OracleError, match=f"^cannot write requests to {guardian.folder}: File exists$"):
        guardian.request_folder().__enter__()
    guardian.folder.unlink()
