"""Files to be written: tried before any work is done."""

import os
import tempfile
from pathlib import Path


def try_to_write(*paths: str | os.PathLike[str], called: str = "files") -> None:
    """Raise what writing these files would raise, and leave no trace.

    Nothing changes: a file that is there is opened, and for a new one a nameless file is made in its folder.

    Args:
        *paths: the files.
        called: what an error message calls them.

    Raises:
        ValueError: two of the files are one.
        OSError: one of them cannot be written.
    """
    places = [Path(os.path.realpath(path)) for path in paths]
    if len(set(places)) < len(places):
        raise ValueError(f"{called} must go into different files, got {', '.join(map(str, paths))}")
    for place in places:
        _try(place)


def _try(place: Path) -> None:
    try:
        place.stat()
    except FileNotFoundError:
        if not place.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {place.parent} to write {place.name} into") from None
        with tempfile.TemporaryFile(dir=place.parent):
            return
    if place.is_dir():
        raise IsADirectoryError(f"{place} is a folder, expected a file to write")
    if place.is_file():
        with place.open("ab"):
            return
    if not os.access(place, os.W_OK):  # devices and pipes, which opening might block
        raise PermissionError(f"{place} cannot be written")
