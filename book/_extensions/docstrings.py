"""Docstrings are plain text with `code` in single quotes of that kind; this tells Sphinx so.

reStructuredText would take |x| for a substitution, x_ for a link and * for emphasis. A table of two columns
becomes a list, and what is indented behind a colon and an empty line is a block of code. What stands before a colon is the type of
an attribute to napoleon, and to us a part of the sentence. Numbers in docstrings are the paper's, and get its mark (see
`paper.py`).
"""

import re
from typing import Any

from page_text import NUMBERS  # Sphinx finds the extensions beside each other

_HEAD = re.compile(r"^\|.*\|\n\|[-|]+\|\n", re.MULTILINE)
_ROW = re.compile(r"^\| (.*) \| (.*) \|$", re.MULTILINE)
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_BLOCK = re.compile(r"(?<=:)\n\n((?: {4}.*\n)+)(?=\n)")


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx, before napoleon makes markup of the sections."""
    app.connect("autodoc-process-docstring", _as_plain_text, priority=400)
    return {"parallel_read_safe": True}


def _as_plain_text(app: Any, what: str, name: str, target: Any, options: Any, lines: list[str]) -> None:
    parts = _BLOCK.split("\n".join(lines))  # what is code stands at the odd places
    parts[::2] = [_prose(part) for part in parts[::2]]
    parts[1::2] = [f":\n\n{code}" for code in parts[1::2]]
    lines[:] = "".join(parts).split("\n")
    if what in ("attribute", "property", "data"):
        lines[:0] = ["..", ""]  # an empty comment: napoleon looks for a type in the first line alone


def _prose(text: str) -> str:
    parts = _CODE.split(_ROW.sub(r"- \2: \1", _HEAD.sub("", text)))
    parts[::2] = [NUMBERS.sub(r":paper:`\g<0>`", re.sub(r"[|*]|_(?!\w)", r"\\\g<0>", part)) for part in parts[::2]]
    parts[1::2] = [f"``{code}``" for code in parts[1::2]]
    return "".join(parts)
