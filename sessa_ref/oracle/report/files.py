"""Reports as files: tried before the run, and written independently of each other."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sessa_ref.files import try_to_write
from sessa_ref.messages import reason
from sessa_ref.oracle.report.html import to_html
from sessa_ref.oracle.report.junit import to_junit
from sessa_ref.oracle.report.results import Report
from sessa_ref.plotting import style


def try_out(paths: Mapping[str, Path]) -> None:
    """Refuse, before any work is done, files that could not be written at the end.

    Nothing is left behind: a file that is there is opened and not changed, and for a new one a nameless file is made
    in its folder.

    Args:
        paths: a file for each format, "json", "junit" or "html".

    Raises:
        ValueError: two of the files are one.
        OSError: a file could not be written.
        ModuleNotFoundError: the HTML page is asked for, and matplotlib, which draws it, is not installed.
    """
    try_to_write(*paths.values(), called="reports")
    if "html" in paths:
        with style.applied():
            pass


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
    return to_junit(report) if form == "junit" else report.to_json() + "\n"
