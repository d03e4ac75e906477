"""What a reader reads on the book's pages: their order, their prose, and how long it is."""

from __future__ import annotations

import re
from pathlib import Path

BOOK = Path(__file__).parents[2] / "book"
PAGES = re.findall(r"^\s*-?\s*(?:root|file):\s*(\S+)$", (BOOK / "_toc.yml").read_text(encoding="utf-8"), re.MULTILINE)
"""All pages in the reader's order, as `_toc.yml` names them."""

_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_SOLUTION = re.compile(r"^(`{3,})\{solution-start\}.*?^(`{3,})\{solution-end\}\n\2$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"^(`{3,})(?:\{code-cell\}|[a-z]*$).*?^\1$", re.DOTALL | re.MULTILINE)
_CAPTION = re.compile(r"^    caption:(?: [>|]-?)?(.*(?:\n {6,}.*)*)", re.MULTILINE)
_NO_PROSE = re.compile(
    r"^\$\$$.*?^\$\$.*?$"  # displayed formulas
    r"|^:?[`:]{3,}.*?$|^:[a-z-]+:.*$|^\([\w-]+\)=$"  # directives, their options, labels
    r"|<[a-z/][^>]*>"  # HTML
    r"|\{(?:eq|numref|prf:ref|paper|status|cite:[pt]|glue:text)\}`[^`]*`"
    r"|(?<=\])\([^)]*\)",  # what a link leads to
    re.DOTALL | re.MULTILINE,
)
_REFERENCE = re.compile(r"\{(?:ref|doc|term)\}`(?:([^`<]*?)\s*<[^`]*>|[^`]*)`")
_FORMULA = re.compile(r"\$[^$]+\$|`[^`]+`")


def source(page: str) -> str:
    """The page's Markdown."""
    return (BOOK / f"{page}.md").read_text(encoding="utf-8")


def outside_code(text: str) -> str:
    """The text without front matter, code cells and solutions, which are folded."""
    return _CODE.sub("", _SOLUTION.sub("", _FRONT.sub("", text)))


def words(text: str) -> int:
    """How many words a reader has to read; parts of a formula between blanks count as one each."""
    return len(outside_code(text).split())


def prose(text: str) -> str:
    """The sentences alone, captions included: `x` for a formula, a piece of code or a number."""
    captions = "\n\n".join(found for cell in _CODE.finditer(_SOLUTION.sub("", text)) for found in _CAPTION.findall(cell[0]))
    sentences = _NO_PROSE.sub("", f"{outside_code(text)}\n\n{captions}")
    return _FORMULA.sub("x", _REFERENCE.sub(lambda found: found[1] or "x", sentences))
