"""The guardian's own process: it finds orphans and removes folders."""

import os
import shutil
from pathlib import Path

import pytest

from tests.oracle.implementation.processes import living

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and sessions")


def test_orphans_are_found_by_their_mark_where_the_system_does_not_hand_them_over(monkeypatch):
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
