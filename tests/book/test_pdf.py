"""The PDF of the book: links lead inside the file, and what is missing is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from book import pdf
from tests.book.built import HTML, NEEDS_BOOK, opened, use_theme
from tests.book.paper import faults_on_paper

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_faults_are_found(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(
        "<article><pre>short</pre><pre style='white-space: pre'>" + "long " * 200 + "</pre></article>"
        "<p class='notebooks'>Notebook</p><div class='solution'><p style='opacity: 0'>Because</p></div>"
        "<div class='cell_input'><pre style='break-inside: avoid'>code</pre></div>"
    )
    assert [fault.split(":")[0] for fault in faults_on_paper(page)] == [
        "ends in a space, which may go to a page of its own", "wider than the page", "of no use on paper",
        "kept together twice", "a solution that is closed",
    ]  # fmt: skip
    page.close()


def test_links_lead_inside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf, of the extra `book`, is not installed")
    from pypdf.annotations import Link

    monkeypatch.setattr(pdf, "HTML", tmp_path)
    printed = []
    for name, target in (("one", "part/two.html#place"), ("part/two", "elsewhere.html"), ("three", "")):
        file = tmp_path / f"{name}.pdf"
        file.parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.html").write_text(f"<title>{name} &#8212; The book</title>", encoding="utf-8")
        writer = pypdf.PdfWriter()
        for _ in range(2):
            writer.add_blank_page(100, 200)
        writer.add_named_destination("/place", 1)
        url = (tmp_path / target).as_uri().replace("%23", "#") if target else "https://arxiv.org/abs/2604.18580"
        writer.add_annotation(0, Link(rect=(0, 0, 10, 10), url=url))
        writer.write(file)
        printed.append((name, file))
    assert pdf.join(printed, tmp_path / "book.pdf") == 6
    book = pypdf.PdfReader(tmp_path / "book.pdf")
    assert [item.title for item in book.outline] == ["one", "part/two", "three"]
    links = [book.pages[number]["/Annots"][0].get_object() for number in (0, 2, 4)]
    assert links[0]["/Dest"][0].get_object() == book.pages[3]
    assert "/A" not in links[1]
    assert "/Dest" not in links[1]
    assert links[2]["/A"]["/URI"].startswith("https://arxiv.org")
    assert b"file:" not in (tmp_path / "book.pdf").read_bytes()


def test_a_book_that_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "HTML", tmp_path)
    with pytest.raises(SystemExit, match=r"index\.html is missing.*`make book`"):
        pdf.main()


def test_no_chromium(monkeypatch: pytest.MonkeyPatch) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

    class Missing:
        class chromium:  # noqa: N801
            @staticmethod
            def launch(**options: object) -> None:
                raise sync_api.Error("no such file")

    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=re.escape("`.venv/bin/playwright install chromium`")):
        pdf.chromium(Missing)  # type: ignore[arg-type]


@NEEDS_BOOK
def test_pages_print_light(browser: Browser) -> None:
    with opened(browser, (HTML / "appendices" / "citing.html").as_uri()) as page:
        use_theme(page, "dark")
        for event, theme in (("beforeprint", "light"), ("afterprint", "dark")):
            page.evaluate("(event) => { window.dispatchEvent(new Event(event)); }", event)
            assert page.evaluate("document.documentElement.dataset.theme") == theme
