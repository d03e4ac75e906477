"""Reports as files: tried before the run, and written independently of each other."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from sessa_ref import figures
from sessa_ref.oracle.message import reason
from sessa_ref.oracle.reports.html import to_html
from sessa_ref.oracle.reports.junit import to_junit
from sessa_ref.oracle.verdict import Report


def try_out(paths: Mapping[str, Path]) -> None:
    """Refuse, before any work is done, what could not be written in the end.

    Nothing is left behind: a file that is there is opened and not changed, and for a new one a nameless file is made
    in its folder.

    Args:
        paths: a file for each format, "json", "junit" or "html".

    Raises:
        ValueError: two of the files are one.
        OSError: a file could not be written.
        ModuleNotFoundError: the HTML page is asked for, and matplotlib, which draws it, is not installed.
    """
    places = [os.path.realpath(path) for path in paths.values()]
    if len(set(places)) < len(places):
        raise ValueError(f"reports must go into different files, got {', '.join(map(str, paths.values()))}")
    for place in places:
        try_to_write(place)
    if "html" in paths:
        with figures.style({}):
            pass


def try_to_write(path: str | os.PathLike[str]) -> None:
    """Raise what writing this file would raise, and leave no trace.

    Raises:
        OSError: it cannot be written.
    """
    place = Path(os.path.realpath(path))
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


def write(report: Report, paths: Mapping[str, Path], lengths: Mapping[str, int]) -> Iterator[tuple[Path, str]]:
    """Write a report in several formats, UTF-8 with line feeds; yields each file, with what went wrong or nothing.

    Args:
        report: what to write.
        paths: a file for each format, "json", "junit" or "html".
        lengths: tokens of the cases, by name, for the figures of the page.
    """
    for form, path in paths.items():
        try:
            path.write_text(_rendered(report, form, lengths), encoding="utf-8", newline="\n")
        except Exception as error:  # one format that fails keeps no other from being written
            yield path, reason(error)
        else:
            yield path, ""


def _rendered(report: Report, form: str, lengths: Mapping[str, int]) -> str:
    if form == "html":
        return to_html(report, lengths)
    return to_junit(report) if form == "junit" else json.dumps(report.to_json(), indent=2) + "\n"
