"""The guardian's own process: it finds orphans and removes folders."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sessa_ref.oracle.implementation import guardian
from tests.oracle.implementation.processes import living

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and sessions")


ORPHAN = """
import sys
from sessa_ref.oracle.implementation import guardian

mark, told = sys.argv[1], []
guardian._tell = lambda **message: told.append(message)
guardian.Program(["sh", "-c", f"(setsid sleep {mark} &)"], False, orphans_come_here=False).waiting.join(30)
assert told[-1] == {"ended": 0, "output": ""}, told
"""


def test_orphans_are_found_by_their_mark_where_the_system_does_not_hand_them_over():
    mark = f"8{os.getpid()}.3"
    environment = os.environ | {guardian._MARK: mark}
    # In a process of its own: the guardian ends every child of its process, also those of other tests.
    subprocess.run([sys.executable, "-c", ORPHAN, mark], env=environment, check=True)
    assert not living(Path(), mark)


def test_folders_are_removed_whatever_became_of_them(tmp_path):
    kept, folder = tmp_path / "kept", tmp_path / "folder"
    (kept / "inner").mkdir(parents=True)
    for become in (
        lambda: folder.symlink_to(kept),
        lambda: folder.write_text(""),
        lambda: shutil.copytree(kept, folder) and ((folder / "inner").chmod(0), folder.chmod(0)),
        lambda: None,
    ):
        become()
        guardian.remove(folder)
        assert not os.path.lexists(folder)
    assert (kept / "inner").exists()
