"""How figures look: the same for everyone, by matplotlib's own defaults and these settings, nothing of the user's.

Colours come from viridis, cividis and PuOr, whose order colour-blind readers see as others do.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

GREY = "#666666"
SETTINGS: Mapping[str, Any] = {
    "svg.hashsalt": "sessa_ref",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


class MissingMatplotlibError(ModuleNotFoundError):
    """Pictures need matplotlib, which is not installed."""


@contextmanager
def applied(settings: Mapping[str, Any] = SETTINGS) -> Iterator[None]:
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
