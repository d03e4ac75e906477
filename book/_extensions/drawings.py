"""Puts the figures of cells, drawn as SVG, into their pages, with colours for light and for dark pages.

Inside the page a drawing takes the page's colours and needs no second file: it changes with the reader's theme, is light on
paper, and is sharp at any size. Its texts are outlines, not letters, because matplotlib places them and formulas by the
metrics of its own font; the alt text says to a screen reader what is to be seen.
"""

import base64
import html
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dark_colours import map_on_dark, on_dark, with_dark_colours  # Sphinx finds the extensions beside each other
from docutils import nodes
from matplotlib.image import imread, imsave
from numpy import float64
from numpy.typing import NDArray

from sessa_ref.plotting.picture_files import as_element

Colours = NDArray[float64]

_SIZE = re.compile(r' width="([\d.]+)pt" height="[\d.]+pt"')
_TEXT = re.compile(r"scale\(([\d.]+) -[\d.]+\)")
_PAPER = re.compile(
    r'(<g id="[^"]*(?:figure|axes)_\d+">\s*)<g id="[^"]*">\s*<path d="[^"]*" style="fill: #ffffff"/>\s*</g>'
)
_SQUARES = re.compile(r'<g id="[^"]*QuadMesh_\d+">')
_IMAGE = re.compile(r'<image xlink:href="data:image/png;base64,([^"]*)"([^>]*)/>')


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("config-inited", _have_cells_draw_svg)
    app.connect("doctree-resolved", _put_into_page)
    return {"parallel_read_safe": True}


def _have_cells_draw_svg(app: Any, _: Any) -> None:
    """By a profile of IPython's for the kernels of this build, so that no page says so."""
    folder = Path(app.outdir).parent / "ipython"
    (folder / "profile_default").mkdir(parents=True, exist_ok=True)
    settings = json.dumps({"InlineBackend": {"figure_formats": ["svg"]}})
    (folder / "profile_default" / "ipython_kernel_config.json").write_text(settings, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(folder)


def _put_into_page(app: Any, tree: nodes.document, page: str) -> None:
    images = [one for one in tree.findall(nodes.image) if one["uri"].endswith(".svg")]
    for number, image in enumerate(images, start=1):
        svg = (Path(app.srcdir) / image["uri"]).read_text(encoding="utf-8")
        text = drawing(svg, f"drawing-{number}", image.get("alt", ""))
        image.replace_self(nodes.raw("", text, format="html"))


def drawing(svg: str, name: str, alt: str) -> str:
    """A file of matplotlib's as an element of a page, which is its paper; ids begin with `name`.

    The CSS learns its width and the size of its smallest text, in points.
    """
    svg = as_element(svg, name, html.escape(alt))
    smallest = min((100 * float(scale) for scale in _TEXT.findall(svg)), default=9.0)
    svg = _SIZE.sub(rf' style="--points: \1; --smallest: {smallest:g}"', _PAPER.sub(r"\1", svg), count=1)
    # The squares of pcolormesh are paths, and become lighter as curves do; the colour bar beside them is an image.
    on_dark_pages = on_dark if _SQUARES.search(svg) else map_on_dark
    svg = with_dark_colours(_IMAGE.sub(lambda found: _both_maps(found, on_dark_pages), svg))
    return f'<div class="drawing">{svg}</div>'


def _both_maps(found: re.Match[str], on_dark_pages: Callable[[Colours], Colours | None]) -> str:
    """A heat map or a colour bar and the one for dark pages, if that differs."""
    pixels = imread(io.BytesIO(base64.b64decode(found[1])), format="png")
    is_shown = pixels[..., 3] > 0
    dark = on_dark_pages(pixels[is_shown, :3])
    if dark is None:
        return found[0]
    pixels[is_shown, :3] = dark
    stream = io.BytesIO()
    imsave(stream, pixels, format="png")
    data = base64.b64encode(stream.getvalue()).decode()
    rest = re.sub(r' id="[^"]*"', "", found[2])
    return "".join(
        f'<image class="only-{theme}" xlink:href="data:image/png;base64,{one}"{rest}/>'
        for theme, one in (("light", found[1]), ("dark", data))
    )
