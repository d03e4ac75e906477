"""The built book, and how tests open its pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HTML = Path(__file__).parents[2] / "book" / "_build" / "html"
IS_BUILT = (HTML / "index.html").is_file()
PAGES = sorted(page.relative_to(HTML) for page in HTML.rglob("*.html") if "_static" not in page.parts)
NEEDS_BOOK = pytest.mark.skipif(not IS_BUILT, reason="the book is not built; `make book` builds it")

SETTLED = """() => {
    const drawn = document.querySelectorAll('.interactive[data-state]').length;
    const captions = [...document.querySelectorAll('.interactive .explained')];
    return drawn === document.querySelectorAll('.interactive[data-figure]').length
        && captions.every((caption) => caption.querySelector('mjx-container'));
}"""


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """A page once formulas and figures are there, in a desktop's window and with a light theme.

    At the end it must have reported no error and asked nobody else for anything.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(120_000)  # the machine may be busy; time is no part of these tests
    complaints: list[str] = []
    allowed = ("file:", "data:", "blob:") if url.startswith("file:") else (url.split("/search")[0], "data:", "blob:")
    try:
        page = context.new_page()
        page.route("**/favicon.ico", lambda route: route.fulfill(body=""))  # the browser asks for it, not the page
        page.on(
            "console",
            lambda message: (
                complaints.append(f"{message.text} {message.location}") if message.type == "error" else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(f"{request.url} failed"))
        page.on("request", lambda request: None if request.url.startswith(allowed) else complaints.append(request.url))
        page.goto(url)
        page.evaluate("async () => { await window.MathJax?.startup?.promise; await document.fonts.ready; }")
        page.wait_for_function(SETTLED)
        page.add_style_tag(content="* { transition: none !important; }")  # colours change at once
        yield page
    finally:
        context.close()
    if complaints:
        pytest.fail("\n".join(complaints))


def use_phone(page: Page) -> None:
    """The window of a phone, and what is drawn anew for it."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(150)


def use_theme(page: Page, theme: str) -> None:
    """What the page's own switch does."""
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
    redrawn(page)


def redrawn(page: Page) -> None:
    """Wait until a change has been drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def check_steps(page: Page, figure: str) -> None:
    """No slider needs 30 ms or more for a step: the best of ten, as the page measures them, for the machine may be busy."""
    for slider in page.locator(f'[data-figure="{figure}"] input[type="range"]:visible').all():
        page.evaluate("performance.clearMeasures('step')")
        for key in ["ArrowLeft", "ArrowRight"] * 5:
            slider.press(key)
            redrawn(page)
        steps = page.evaluate("performance.getEntriesByName('step').map((step) => step.duration)")
        name = slider.get_attribute("name")
        if name != "hops":  # it moves pulses, and computes nothing
            assert steps, name
            assert min(steps) < 30, f"{name}: {steps}"


def overflow(page: Page) -> list[str]:
    """What reaches beyond the window's right edge, so that the page could be scrolled sideways."""
    return page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            const tooWide = [...document.body.querySelectorAll('*')].filter((part) => {
                return part.getBoundingClientRect().right > width + 1; // layouts have fractions of a pixel
            });
            return [`page is ${document.documentElement.scrollWidth} wide`,
                    ...tooWide.map((part) => part.outerHTML.slice(0, 80))];
        }"""
    )
