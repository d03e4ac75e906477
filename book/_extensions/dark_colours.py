"""Colours of a drawing on a dark page, from those on a white one; hues stay.

What is black, grey, white or pale - text, axes, grids, paper, light fills - changes from dark to light and back. Colours
of data become lighter, and keep their order from dark to light.

Lightness is that of Oklab (B. Ottosson, A perceptual color space for image processing, 2020).
"""

import re

import matplotlib
import numpy as np
from numpy.typing import NDArray

# Linear RGB to the responses of the eye, and their cube roots to lightness and two axes of hue.
_RESPONSES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_AXES = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_TEXT, _PAGE = 0.91, 0.21
"""Lightness of what was black and of what was white, near those of the theme's text and page."""
_DARKEST = 0.46
"""No colour of data becomes darker than this."""
_WHITE_IN_THE_MIDDLE = ("PuOr", "RdBu")
_COLOUR = re.compile(r"(?<=: )#[0-9a-f]{6}\b")


def with_dark_colours(svg: str) -> str:
    """The drawing with every colour as CSS's light-dark(): the colour itself, and the one on a dark page; white is the page."""

    def pair(found: re.Match[str]) -> str:
        if found[0] == "#ffffff":
            return "var(--behind)"
        rgb = np.array([[int(found[0][place : place + 2], 16) / 255 for place in (1, 3, 5)]])
        values = np.round(255 * on_dark(rgb)[0]).astype(int)
        return f"light-dark({found[0]},#{values[0]:02x}{values[1]:02x}{values[2]:02x})"

    return _COLOUR.sub(pair, svg)


def on_dark(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours of lines, fills and texts, in rows of red, green and blue from 0 to 1."""
    lab = _oklab(rgb)
    lightness, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    is_data = (lightness > 0.25) & ((chroma > 0.1) | ((chroma > 0.03) & (lightness < 0.8)))
    lab[:, 0] = np.where(is_data, _DARKEST + (1 - _DARKEST) * lightness, _turned(lightness))
    return _rgb(lab)


def map_on_dark(rgb: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Colours of a heat map, likewise; None if it can stay as it is because white is not its middle."""
    if not any(_is_drawn_in(rgb, name) for name in _WHITE_IN_THE_MIDDLE):
        return None
    lab = _oklab(rgb)
    lab[:, 0] = _turned(lab[:, 0])
    return _rgb(lab)


def _is_drawn_in(rgb: NDArray[np.float64], name: str) -> bool:
    """Whether all colours, but for some on an edge, are in this map of matplotlib's."""
    known = matplotlib.colormaps[name](np.arange(256))[:, :3]
    colours, counts = np.unique(rgb, axis=0, return_counts=True)
    distances = np.abs(colours[:, None] - known).max(axis=2).min(axis=1)
    return counts[distances < 1.5 / 255].sum() > 0.9 * len(rgb)


def _turned(lightness: NDArray[np.float64]) -> NDArray[np.float64]:
    return _TEXT - (_TEXT - _PAGE) * lightness**2  # greys that are seen on white are seen on dark


def _oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _RESPONSES.T) @ _AXES.T


def _rgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = (lab @ np.linalg.inv(_AXES).T) ** 3 @ np.linalg.inv(_RESPONSES).T
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
