"""The search of a book that is opened from a file: it finds pages, and chapters before statements and appendices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.book.built import HTML, NEEDS_BOOK, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@NEEDS_BOOK
@pytest.mark.parametrize("word", ["softmax", "gamma", "routing"])
def test_chapters_come_first(browser: Browser, word: str) -> None:
    with opened(browser, f"{(HTML / 'search.html').as_uri()}?q={word}") as page:
        page.wait_for_function("() => /found \\d+ page/.test(document.querySelector('#search-results').textContent)")
        links = page.locator("#search-results li > a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    last = [link.startswith(("_generated/", "appendices/")) for link in links]
    assert {False, True} == set(last), "the word is on pages of both kinds"
    assert last == sorted(last)
