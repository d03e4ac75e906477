"""What all pictures share: empty figures, colours for hops, and files of the wanted format."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from sessa_ref.files import try_to_write
from sessa_ref.plotting import style

FORMATS = (".svg", ".pdf", ".png")


def new_figure(width: float, height: float) -> Any:
    """An empty figure of that size in inches, apart from any global state; to be made within `style.applied()`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def hop_colours(number: int) -> list[Any]:
    """A colour for each of `number` hop counts, dark for few hops and light for many."""
    import matplotlib

    return [matplotlib.colormaps["viridis"](level) for level in np.linspace(0.15, 0.85, max(number, 1))]


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
        ValueError: a file has an ending that is no picture's, or two files are one.
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
