"""Figures as files, SVG, PDF or PNG, and as an SVG element inside a page."""

import io
import os
import re
from pathlib import Path
from typing import Any

from sessa_ref.files import try_to_write
from sessa_ref.plotting import style

FORMATS = (".svg", ".pdf", ".png")


def save(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure as SVG, PDF or PNG, as the file's ending says; the same figure gives the same bytes.

    Raises:
        ValueError: the ending is another.
        OSError: the file cannot be written.
    """
    check_format(path)
    suffix = Path(path).suffix.lower()
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}
    with style.applied():
        figure.savefig(path, dpi=200, metadata=dates[suffix])


def check_files(*paths: str | os.PathLike[str] | None) -> None:
    """Refuse, before any work is done, pictures that could not be written in the end; None stands for no picture.

    Raises:
        ValueError: a file's ending is not that of a picture, or two names stand for the same file.
        OSError: a file cannot be written.
        MissingMatplotlibError: matplotlib is not installed.
    """
    places = [Path(path) for path in paths if path is not None]
    for place in places:
        check_format(place)
    try_to_write(*places, called="pictures")
    if places:
        with style.applied():
            pass


def check_format(path: str | os.PathLike[str]) -> None:
    """Refuse files that `save` would not write.

    Raises:
        ValueError: the ending is not one of `FORMATS`.
    """
    if Path(path).suffix.lower() not in FORMATS:
        raise ValueError(f"a picture must end in one of {', '.join(FORMATS)}, got {Path(path).name}")


def to_svg(figure: Any, prefix: str, label: str) -> str:
    """The figure as an element for a page: no prolog, and ids that begin with `prefix`, so that no two figures share one.

    Call it within the context that the figure was made in; `label` is what a screen reader says.
    """
    stream = io.StringIO()
    figure.savefig(stream, format="svg")
    return as_element(stream.getvalue(), prefix, label)


def as_element(svg: str, prefix: str, label: str) -> str:
    """An SVG file of matplotlib's as an element for a page: see `to_svg`."""
    text = svg[svg.index("<svg") :]
    text = re.sub(
        r"<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL
    )
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", text)
    ends = 'stroke-linejoin="round"'  # matplotlib's style sheet, which would hold for the whole page
    return text.replace("<svg", f'<svg role="img" aria-label="{label}" {ends}', 1)
