"""Figures that look the same for everyone: matplotlib's own defaults and a room's settings, nothing of the user's."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any


class MissingMatplotlibError(ModuleNotFoundError):
    """Pictures need matplotlib, which is not installed."""


@contextmanager
def style(settings: Mapping[str, Any]) -> Iterator[None]:
    """A context of matplotlib's defaults and these settings, whatever matplotlibrc, style or backend the user has.

    Figures are to be made of `matplotlib.figure.Figure`, and saved, within it; pyplot, which needs a backend, is not.

    Raises:
        MissingMatplotlibError: matplotlib is not installed.
    """
    matplotlib = _matplotlib()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield


def _matplotlib() -> Any:
    if sys.modules.get("matplotlib") is not None:
        return sys.modules["matplotlib"]
    # A backend in the environment that matplotlib does not know keeps it from being imported.
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "matplotlib":
            raise
        raise MissingMatplotlibError('pictures need matplotlib: pip install "sessa-ref[report]"') from None
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend is not None:  # for the user's own figures; those here need none
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend
    return matplotlib
