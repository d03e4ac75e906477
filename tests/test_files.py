"""Files to be written are tried, and no trace is left."""

import errno
import os
from pathlib import Path

import pytest

from sessa_ref import files
from sessa_ref.files import try_to_write


def snapshot(folder: Path) -> dict[str, object]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) if p.is_file() else None for p in folder.iterdir()}


def test_a_new_and_an_old_file_stay_as_they_are(tmp_path):
    old, new, link, dangling = (tmp_path / name for name in ("old", "new", "link", "dangling"))
    old.write_text("kept")
    link.symlink_to(old)
    dangling.symlink_to(tmp_path / "not yet")
    before = snapshot(tmp_path)
    try_to_write(old, str(new), dangling)
    try_to_write(link)
    try_to_write()
    assert snapshot(tmp_path) == before


def test_devices_and_pipes_are_not_opened(tmp_path):
    """A pipe that nobody reads would be waited for."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    try_to_write(pipe, "/dev/null")


@pytest.mark.parametrize("other", ["same", "./same", "folder/../same", "link", "hard"])
def test_two_names_of_one_file(tmp_path, monkeypatch, other):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("same")
    if other == "hard":
        (tmp_path / "same").write_text("")
        os.link("same", "hard")
    with pytest.raises(ValueError, match=f"^reports must go into different files, got same, {other}$"):
        try_to_write("same", other, called="reports")


def test_names_of_files_to_come_may_lie_beside_each_other(tmp_path):
    try_to_write(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a").write_text("")
    with pytest.raises(ValueError, match=r"^files must go into different files"):
        try_to_write(tmp_path / "a", tmp_path / "b", tmp_path / "a")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match=f"^{tmp_path} is a folder, expected a file to write$"):
        try_to_write(tmp_path)


def test_a_folder_that_is_missing(tmp_path):
    path = tmp_path / "missing" / "file"
    with pytest.raises(FileNotFoundError, match=f"^there is no folder {path.parent} to write file into$"):
        try_to_write(path)
    assert not path.parent.exists()
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(FileNotFoundError, match=f"^there is no folder {path.parent}"):
        try_to_write(link)


def test_a_file_in_place_of_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        try_to_write(tmp_path / "file" / "inner")


def test_what_may_not_be_written(tmp_path, monkeypatch):
    """As the system says it, of an old file, of a new one's folder and of a pipe; who is root may write everything."""

    def refuse(*arguments, **named):
        raise PermissionError(errno.EACCES, "Permission denied")

    old, pipe = tmp_path / "old", tmp_path / "pipe"
    old.write_text("")
    os.mkfifo(pipe)
    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    with pytest.raises(PermissionError):
        try_to_write(tmp_path / "new")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PermissionError):
        try_to_write(old)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match=f"^{pipe} cannot be written$"):
        try_to_write(pipe)
