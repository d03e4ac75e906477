"""A check that files can be written, before any work is done."""

import os
import tempfile
from pathlib import Path


def try_to_write(*paths: str | os.PathLike[str], called: str = "files") -> None:
    """Raise the error that writing these files would raise, and leave no trace.

    Nothing changes: an existing file is opened, and for a new one an unnamed temporary file is made in its folder.

    Args:
        *paths: the files.
        called: what an error message calls them.

    Raises:
        ValueError: two of the names stand for the same file.
        OSError: one of them cannot be written.
    """
    if len({_identity(Path(path)) for path in paths}) < len(paths):
        raise ValueError(f"{called} must go into different files, got {', '.join(map(str, paths))}")
    for path in paths:
        _try(Path(path))


def _identity(path: Path) -> object:
    """A key that is the same for all names of one file, hard links included."""
    try:
        status = path.stat()
    except OSError:  # it is new
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


def _try(path: Path) -> None:
    try:
        path.stat()  # not of the resolved name: the pipe behind /dev/stdout has no other name
    except FileNotFoundError:
        place = Path(os.path.realpath(path))
        if not place.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {place.parent} to write {place.name} into") from None
        with tempfile.TemporaryFile(dir=place.parent):
            return
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, expected a file to write")
    if path.is_file():
        with path.open("ab"):
            return
    if not os.access(path, os.W_OK):  # devices and pipes, which opening might block
        raise PermissionError(f"{path} cannot be written")
