"""What a reader reads on the book's pages: their order, their prose, and how long it is."""

from __future__ import annotations

import re
from pathlib import Path

BOOK = Path(__file__).parents[2] / "book"
PAGES = re.findall(r"^\s*-?\s*(?:root|file):\s*(\S+)$", (BOOK / "_toc.yml").read_text(encoding="utf-8"), re.MULTILINE)
"""All pages in the reader's order, as `_toc.yml` names them."""

_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_FENCE = re.compile(r"\s*(`{3,}|:{3,})\s*(.*)")
_CAPTION = re.compile(r"^    caption:(?: [>|]-?)?(.*(?:\n {6,}.*)*)", re.MULTILINE)
_TO_PROSE = [  # in this order: a formula may hold what looks like HTML, and a reference holds what looks like code
    (re.compile(r"^\$\$$.*?^\$\$.*?$", re.DOTALL | re.MULTILINE), ""),
    (re.compile(r"\$[^$]+\$"), "x"),
    (re.compile(r"\{(?:eq|numref|prf:ref|paper|status|cite(?::[pt])?|glue:text)\}`[^`]*`"), ""),
    (re.compile(r"\{(?:ref|doc|term)\}`(?:([^`<]*?)\s*<[^`]*>|[^`]*)`"), r"\1"),
    (re.compile(r"^\s*[`:]{3,}(?:\{[^}]*\})?|^:[a-z-]+:.*$|^\([\w-]+\)=$", re.MULTILINE), ""),  # directives, labels
    (re.compile(r"<[a-z/][^>]*>|(?<=\])\([^)]*\)"), ""),  # HTML, and where a link leads
    (re.compile(r"`[^`]+`"), "x"),
]


def source(page: str) -> str:
    """The page's Markdown."""
    return (BOOK / f"{page}.md").read_text(encoding="utf-8")


def split(text: str) -> tuple[str, str]:
    """The text outside code and solutions, and the code outside solutions; without the front matter."""
    outside: list[str] = []
    code: list[str] = []
    directives: list[str] = []
    closing, solution = "", False
    for line in _FRONT.sub("", text).splitlines():
        fence, info = found.groups() if (found := _FENCE.fullmatch(line)) else ("", "")
        if closing:
            closing = "" if (fence, info) == (closing, "") else closing
            code += [] if solution else [line]
        elif fence and not info and directives and directives[-1] == fence:
            directives.pop()
        elif fence and (not info.startswith("{") or info.startswith("{code-cell}")):
            closing = fence
        elif fence:
            directives.append(fence)
            solution = info.startswith("{solution-start}") or (solution and not info.startswith("{solution-end}"))
            outside += [] if solution or info.startswith("{solution-end}") else [line]
        elif not solution:
            outside.append(line)
    return "\n".join(outside), "\n".join(code)


def words(text: str) -> int:
    """How many words a reader has to read; parts of a formula between blanks count as one each."""
    return len(split(text)[0].split())


def prose(text: str) -> str:
    """The sentences alone, captions included, with `x` for a formula or a piece of code."""
    outside, code = split(text)
    result = "\n\n".join([outside, *_CAPTION.findall(code)])
    for pattern, left in _TO_PROSE:
        result = pattern.sub(left, result)
    return result
