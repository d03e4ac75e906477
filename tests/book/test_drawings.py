"""Figures inside pages: what is seen on white is seen on dark, and nothing of one drawing gets into another."""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

# The extensions import each other as Sphinx finds them.
sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_extensions"))
from book._extensions.dark_colours import map_on_dark, on_dark
from book._extensions.drawings import drawing
from sessa_ref.plotting import style
from tests.book.built import opened, use_theme
from tests.book.contrast import faint

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WHITE, PAGE, BOX = (np.array([colour]) / 255 for colour in ((255, 255, 255), (18, 18, 18), (34, 40, 50)))  # the theme's


def contrast(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """As WCAG 2 defines it."""
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in (one, other)]
    one, other = (c @ [0.2126, 0.7152, 0.0722] + 0.05 for c in linear)
    return np.maximum(one / other, other / one)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_what_is_seen_on_white_is_seen_on_dark(rgb: tuple[int, int, int]) -> None:
    colour = np.array([rgb]) / 255
    if contrast(colour, WHITE) >= 3:
        assert contrast(on_dark(colour), PAGE) >= 3
        assert contrast(on_dark(colour), BOX) >= 3


def test_maps_keep_their_order() -> None:
    import matplotlib

    levels = np.linspace(0, 1, 9)
    viridis, white_in_the_middle = (matplotlib.colormaps[name](levels)[:, :3] for name in ("viridis", "PuOr"))
    assert np.all(np.diff(contrast(on_dark(viridis), PAGE)) > 0)
    assert map_on_dark(viridis) is None
    dark = map_on_dark(white_in_the_middle)
    assert dark is not None
    assert np.all(np.diff(contrast(dark, PAGE))[:4] < 0)
    assert np.all(np.diff(contrast(dark, PAGE))[4:] > 0)


@style.applied()
def drawn(name: str, colour: str) -> str:
    """A formula, a curve and a heat map with its colours."""
    figure = style.new_figure(4.0, 2.0)
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], color=colour)
    left.text(0.5, 0.2, r"$K_{t,\tau}$", color=colour)
    figure.colorbar(right.imshow(np.eye(3) - 0.5, cmap="PuOr"))
    stream = io.StringIO()
    figure.savefig(stream, format="svg")
    return drawing(stream.getvalue(), name, 'Says "all" & more')


def test_drawings_share_nothing() -> None:
    texts = [drawn("one", "C0"), drawn("two", "C0")]
    ids = [re.findall(r' id="([^"]+)"', text) for text in texts]
    assert not set(ids[0]) & set(ids[1])
    for own, text in zip(ids, texts, strict=True):
        assert len(set(own)) == len(own)
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', text)) <= set(own)
        assert 'aria-label="Says &quot;all&quot; &amp; more"' in text
        assert not re.search(r"<text|<style|<metadata|: #[0-9a-f]{6}", text)
        assert text.count('class="only-light"') == text.count('class="only-dark"') == 2


@pytest.mark.parametrize("squares", [True, False])
def test_colour_bars_have_the_colours_of_their_map(squares: bool) -> None:
    with style.applied():
        figure = style.new_figure(3.0, 2.0)
        panel = figure.subplots()
        values = np.array([[0.0, 0.25], [0.75, 1.0]])
        figure.colorbar(panel.pcolormesh(values, edgecolors="white") if squares else panel.imshow(values))
        stream = io.StringIO()
        figure.savefig(stream, format="svg")
    text = drawing(stream.getvalue(), "one", "A map")
    images = re.findall(r'<image(?: class="only-(\w+)")? xlink:href="data:image/png;base64,([^"]*)"', text)
    if not squares:  # map and bar stay as they are, on dark pages, too
        assert [theme for theme, _ in images] == ["", ""]
        return
    bars = {theme: imread(io.BytesIO(base64.b64decode(image)), format="png") for theme, image in images}
    places = re.findall(r"fill: light-dark\(#(\w{6}),#(\w{6})\); stroke: var\(--behind\)", text)
    assert len(places) == values.size
    for number, theme in enumerate(("light", "dark")):
        bar = bars[theme][..., :3].reshape(-1, 3)
        for colours in places:
            square = np.frombuffer(bytes.fromhex(colours[number]), dtype=np.uint8) / 255
            # Neighbours among the 256 levels differ by less.
            assert np.abs(bar - square).max(axis=1).min() < 3 / 255


def test_what_is_faint_is_found(browser: Browser, tmp_path: Path) -> None:
    css = "html { color-scheme: light } html[data-theme=dark] { color-scheme: dark; background: #121212 }"
    (tmp_path / "page.html").write_text(
        f"<style>{css} svg {{ width: 400px; fill: light-dark(#000, #dfdfdf) }}</style><article>"
        f"{drawn('clear', '#0072b2')}{drawn('faint', '#c0c0c0')}</article>"
        "<script>window.MathJax = {}</script>",
        encoding="utf-8",
    )
    with opened(browser, (tmp_path / "page.html").as_uri()) as page:
        for theme in ("light", "dark"):
            use_theme(page, theme)
            found = [one.split(" ", 1)[1] for one in faint(page)]
            assert [re.sub(r"\d+$", "", one) for one in found] == ["text faint-text_", "curve faint-line2d_"]
