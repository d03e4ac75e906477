"""How figures look: `style.mplstyle`, the same for everyone, whatever the user's own settings are.

Maps of colours are viridis, cividis and PuOr, whose order colour-blind readers see as others do.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

STYLE = Path(__file__).with_suffix(".mplstyle")
GREY = "#808080"
"""For what is not data; it can be read on white and on black."""
WITHOUT_GRID: Mapping[str, Any] = MappingProxyType({"axes.grid": False})
"""Changes for figures whose axes count tokens."""
ON_ANY_PAGE: Mapping[str, Any] = MappingProxyType(
    {
        "svg.fonttype": "none",  # texts stay texts: the page sets their font and colour
        "axes.edgecolor": GREY,
        "axes.labelcolor": GREY,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "text.color": GREY,
        "savefig.transparent": True,
    }
)
"""Changes for SVG inside a page that is light or dark, as its reader prefers."""


class MissingMatplotlibError(ModuleNotFoundError):
    """Pictures need matplotlib, which is not installed."""


@contextmanager
def applied(changes: Mapping[str, Any] = MappingProxyType({})) -> Iterator[None]:
    """A context of matplotlib's defaults, the style, and `changes`, whatever settings or backend the user has.

    Make and save figures within it, as `matplotlib.figure.Figure`; pyplot, which needs a backend, is not used.

    Raises:
        MissingMatplotlibError: matplotlib is not installed.
    """
    matplotlib = _matplotlib()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(matplotlib.rc_params_from_file(STYLE, use_default_template=False))
        matplotlib.rcParams.update(changes)
        yield


def new_figure(width: float, height: float) -> Any:
    """An empty figure of that size in inches, independent of global state; call this within `applied()`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def colours() -> list[str]:
    """The style's colours for lines and marks, black among them; call this within `applied()`."""
    import matplotlib

    return matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]


def hop_colours(number: int) -> list[Any]:
    """A colour for each of `number` hop counts, dark for few hops and light for many; all can be seen on white."""
    import matplotlib
    import numpy as np

    return [matplotlib.colormaps["viridis"](level) for level in np.linspace(0.1, 0.58, max(number, 1))]


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
