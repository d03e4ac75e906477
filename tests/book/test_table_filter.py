"""The ledger's table can be filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.book.built import HTML, NEEDS_BOOK, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = NEEDS_BOOK


def test_words_filter_the_rows_of_the_ledger(browser: Browser):
    with opened(browser, (HTML / "proved" / "ledger.html").as_uri()) as page:
        box, told = page.locator(".table-filter input"), page.locator(".table-filter output")
        rows = page.locator(".table-filter ~ * tbody tr, .table-filter ~ table tbody tr")
        everything = rows.count()
        assert told.inner_text() == f"{everything} of {everything} rows"
        assert everything >= 138
        box.fill("gautschi")
        shown = [text for text in rows.all_inner_texts() if text]
        assert told.inner_text() == f"{sum(row.is_visible() for row in rows.all())} of {everything} rows"
        assert [text for text in shown if "lem:F.1" in text]
        box.fill("lem:F.1 no such word")
        assert told.inner_text() == f"0 of {everything} rows"
        box.fill("")
        assert told.inner_text() == f"{everything} of {everything} rows"
