"""Reads the text of the finished pages, and warns of markup that was not understood and of numbers without an owner.

A line of source that begins with + or - inside a formula makes a list of it, and the page shows the formula's source.
A number such as Theorem 8 or (20) must be the paper's, and marked so (see `paper.py`), or be a link or a label of the
book's own, or name another work: "Theorem 8.5 in Higham [2002]". A page that says once that all its numbers are the paper's
declares it in its front matter (`myst: {html_meta: {numbers: the paper's}}`).
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

_KINDS = "Theorem|Lemma|Proposition|Corollary|Corollarie|Definition|Assumption|Remark|Section|Appendix|Appendice|Table"
_NUMBER = r"(?:[A-Z]\.)?\d+(?:\.\d+)*(?!\w|\.\d)"
_OF_ANOTHER_WORK = r"\s+(?:in|of)\s+[A-Z]"
NUMBERS = re.compile(
    rf"\b(?:{_KINDS})e?s?\s+(?:{_NUMBER}|[A-Z]\b(?!\.\d))(?!{_OF_ANOTHER_WORK})"
    rf"|\b[A-Z]\.\d+(?:\.\d+)*(?!\w|\.\d|{_OF_ANOTHER_WORK})"
    r"|(?<![\w)\].])(?<!MiB )\([1-9]\d?\)"  # not the memory in the benchmark tables
)
"""Numbers that are the paper's, where nothing else says whose they are."""
_WITHOUT_OWNER = "a number that is neither marked as the paper's nor a link"
_PAPERS_PAGE = re.compile(r"<meta[^>]+name=\"numbers\"")
_FAULTS = {
    "markup that was not understood": re.compile(r"\$|\\[A-Za-z(\[]|\{[a-z:]+\}`|\]\("),
    _WITHOUT_OWNER: NUMBERS,
    "a word twice": re.compile(r"\b([A-Za-z]{2,})[ \n](?i:\1)\b(?!\()"),
}
_IGNORED_TAGS = {"pre", "code", "script", "style", "sup", "noscript", "svg"}
_IGNORED_CLASSES = {"math", "paper", "sig", "interactive"}
_OWN_CLASSES = {"internal", "caption-number"}  # links within the book, and its own labels: their numbers are its own
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_BLOCKS = {"p", "li", "td", "th", "dt", "dd", "div", "section", "h1", "h2", "h3", "h4", "figcaption"}
_FORMULA = "\N{MATHEMATICAL ITALIC SMALL X}"


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("build-finished", _check_pages)
    return {"parallel_read_safe": True}


def faults(html: str) -> list[str]:
    """What is wrong with the text of a page: the kind of fault, and the text around it."""
    text = _Article(html).text
    kinds = {
        kind: pattern for kind, pattern in _FAULTS.items() if kind != _WITHOUT_OWNER or not _PAPERS_PAGE.search(html)
    }
    return [
        f"{kind}: ... {' '.join(text[max(found.start() - 40, 0) : found.end() + 40].split())} ..."
        for kind, pattern in kinds.items()
        for found in pattern.finditer(text)
    ]


class _Article(HTMLParser):
    """The text of the article, without code and without what is set as a formula or marked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self._open: list[tuple[str, bool, bool]] = []  # tag; is the text in it read? Are its numbers the book's own?
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        classes = set((dict(attrs).get("class") or "").split())
        ignored = tag in _IGNORED_TAGS or bool(classes & _IGNORED_CLASSES)
        if ignored:
            self.text += _FORMULA if self._reads() else ""
        elif tag in _BLOCKS:
            self.text += "\n\n"
        self._open.append((tag, tag == "article" or (self._reads() and not ignored), bool(classes & _OWN_CLASSES)))

    def handle_endtag(self, tag: str) -> None:
        while any(open_tag == tag for open_tag, *_ in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._reads():
            own = any(own for _, _, own in self._open)
            self.text += re.sub(r"[\d()]", "", data) if own else data

    def _reads(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def _check_pages(app: Any, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    from sphinx.util import logging

    for page in sorted(Path(app.outdir).rglob("*.html")):
        for fault in faults(page.read_text(encoding="utf-8")):
            logging.getLogger(__name__).warning("%s has %s", page.relative_to(app.outdir), fault)
