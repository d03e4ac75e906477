"""Every page of the built book, as readers with their windows and themes see it, and the links between pages."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator
from functools import cache, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from tests.book.built import HTML, NEEDS_BOOK, PAGES, opened, overflow, use_phone, use_theme
from tests.book.contrast import faint
from tests.book.paper import faults_on_paper

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = NEEDS_BOOK
each_page = pytest.mark.parametrize("name", PAGES or [Path("index.html")], ids=str)

# Formulas of which a part is out of sight, without a shadow at the edge that says so.
CUT = """() => [...document.querySelectorAll('article mjx-math')]
    .filter((formula) => {
        const right = formula.getBoundingClientRect().right;
        for (let part = formula.parentElement; part.tagName !== 'ARTICLE'; part = part.parentElement) {
            const style = getComputedStyle(part);
            if (style.overflowX !== 'visible' && right > part.getBoundingClientRect().right + 1) {
                return !style.backgroundImage.includes('gradient');
            }
        }
        return false;
    })
    .map((formula) => formula.parentElement.parentElement.outerHTML.slice(0, 80))"""


# Texts of drawings that are too small to read on a phone: 9 pixels, less what may be shrunk (`wide.mjs`).
TINY = """() => [...document.querySelectorAll('article .drawing g[id*="-text_"] > g')]
    .filter((text) => {
        const matrix = text.getScreenCTM();
        return matrix && 100 * Math.hypot(matrix.a, matrix.b) < 9 / 1.08;
    })
    .map((text) => text.parentElement.id)"""


@cache
def size_as_sent(file: Path) -> int:
    """Bytes that a server sends: texts are compressed."""
    packed = file.suffix in (".png", ".woff", ".woff2")
    return file.stat().st_size if packed else len(gzip.compress(file.read_bytes()))


@each_page
def test_page(browser: Browser, name: Path) -> None:
    """Nothing fails, it loads little, every formula is set, all text is legible, nothing is wider than window or paper."""
    with opened(browser, (HTML / name).as_uri()) as page:
        loaded = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
        sizes = {url: size_as_sent(Path(unquote(urlsplit(url).path))) for url in {*loaded, page.url}}
        assert sum(sizes.values()) <= 1_500_000, sorted(sizes.items(), key=lambda item: -item[1])[:8]
        assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
        assert page.locator('.interactive[data-state="failed"]').count() == 0
        for theme in ("light", "dark"):
            use_theme(page, theme)
            assert faint(page) == []
        assert overflow(page) == []
        use_phone(page)
        assert overflow(page) == []
        assert page.evaluate(CUT) == []
        assert page.evaluate(TINY) == []
        assert faults_on_paper(page) == []


# Places that say wrongly whether they scroll; a drawing may not scroll for a little.
NOT_MARKED = """() => [...document.querySelectorAll('.bd-content :is(.drawing, table, .highlight pre, .math.long, mjx-container[display="true"])')]
    .filter((place) => place.checkVisibility())
    .map((place) => [place, place.scrollWidth, place.clientWidth])
    .filter(([place, needed, given]) => place.hasAttribute('data-scrolls') !== (needed > given + 1)
        || (place.matches('.drawing') && needed > given && needed <= 1.08 * given))
    .map(([place, needed, given]) => `${place.className || place.tagName}: ${needed} in ${given}`)"""


def test_what_is_a_little_too_wide_is_shrunk_and_more_is_marked(browser: Browser) -> None:
    scrolling = "document.querySelectorAll('.bd-content .drawing[data-scrolls]').length"
    with opened(browser, (HTML / "evidence/ten-memories.html").as_uri()) as page:
        use_phone(page)
        page.wait_for_function(f"{scrolling} > 0 && ({NOT_MARKED})().length === 0")
        assert page.evaluate(scrolling) < page.locator(".bd-content .drawing").count()
        page.set_viewport_size({"width": 2000, "height": 900})
        page.wait_for_function(f"{scrolling} === 0 && ({NOT_MARKED})().length === 0")


class Content(HTMLParser):
    """What tests want to know about a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.images: list[dict[str, str]] = []
        self.headings: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {key: found or "" for key, found in attrs}
        self.anchors.add(attributes.get("id", ""))
        if tag == "a":
            self.anchors.add(attributes.get("name", ""))
            self.links.append(attributes.get("href", ""))
        elif tag == "img" or attributes.get("role") == "img":
            self.images.append(attributes)
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


@cache
def content(page: Path) -> Content:
    return Content(page.read_text(encoding="utf-8"))


@cache
def article(page: Path) -> Content:
    """The same for the page's own text, without the navigation around it."""
    found = re.search(r"<article.*?</article>", page.read_text(encoding="utf-8"), re.DOTALL)
    return Content(found.group() if found else "")


@each_page
def test_links(name: Path) -> None:
    page = HTML / name
    missing = []
    for link in content(page).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or link in ("", "#"):
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        anchor = unquote(parts.fragment)
        if not target.is_file() or (anchor and target.suffix == ".html" and anchor not in content(target).anchors):
            missing.append(link)
    assert missing == []


@each_page
def test_images_and_headings(name: Path) -> None:
    own = article(HTML / name)
    for image in own.images:
        assert "src" not in image, f"{image['src']} is not drawn in the page's colours"
        alt = image.get("aria-label", "")
        assert len(alt) > 10, f"a figure has no alt text that says what is to be seen: {alt!r}"
        assert not re.search(r"[0-9a-f]{32}", alt)
    if own.headings:
        assert own.headings[0] == 1
    assert own.headings.count(1) <= 1
    assert all(deeper <= level + 1 for level, deeper in zip(own.headings, own.headings[1:], strict=False)), own.headings


@each_page
def test_numbers_and_credit(name: Path) -> None:
    """The book's equations and figures bear the chapter's number; every page but the search says whose layer it is."""
    text = (HTML / name).read_text(encoding="utf-8")
    numbers = re.findall(r'<span class="(?:eqno|caption-number)">([^<]+)', text)
    assert [number for number in numbers if not re.search(r"\d+\.\d+\)?\s*$", number)] == []
    assert re.search(r'class="extra_footer">\s*The layer is due to L. Horbatko', text)


def test_citations_are_the_labels_of_the_bibliography() -> None:
    bibliography = (HTML / "appendices" / "bibliography.html").read_text(encoding="utf-8")
    entries = re.findall(
        r'<div class="citation" id="([^"]+)"[^>]*>\s*<span class="label"><span class="fn-bracket">\[</span>([^<]+)<',
        bibliography,
    )
    labels = dict(entries)
    assert len(labels) > 20
    assert not re.search(r"\$|\band others\b", bibliography)
    cited = set()
    for page in PAGES:
        for target, text in re.findall(
            r'<a class="reference internal" href="[^"]*bibliography\.html#([^"]+)"[^>]*>(.*?)</a>',
            (HTML / page).read_text(encoding="utf-8"),
        ):
            if target in labels:
                words, shown = (re.sub(r"<[^>]+>|,", "", what).split() for what in (labels[target], text))
                assert words[-len(shown) :] == shown, "in a sentence the link is the year alone"
                cited.add(target)
    assert cited == set(labels)


@pytest.fixture
def served() -> Iterator[str]:
    """The book's address on a local server: browsers let no page opened from a file read the search index."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=HTML)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_search(browser: Browser, served: str) -> None:
    with opened(browser, f"{served}/search.html?q=softmax") as page:
        page.locator("#search-results li a").first.wait_for()
        assert page.locator("#search-results li").count() >= 1


def test_the_book_is_whole() -> None:
    """Every page of the table of contents is there."""
    listed = re.findall(r"^\s*-?\s*(?:root|file):\s*(\S+)$", (HTML.parents[1] / "_toc.yml").read_text(), re.MULTILINE)
    assert len(listed) > 20
    assert {Path(f"{page}.html") for page in listed} <= set(PAGES)
