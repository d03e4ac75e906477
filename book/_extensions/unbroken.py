r"""Where lines break at formulas: after a relation of a long one, as TeX has it, and never before the punctuation around one.

MathJax sets each formula in one piece, so a long one becomes several here: \(a = b\) becomes \(a =\) \(b\).
"""

import re
from typing import Any

_FORMULA = re.compile(r'(<span class="math [^"]*">)\\\(([^<]*)\\\)</span>')
_PUNCTUATED = re.compile(r'([(“‘]*)(<span class="math [^"]*">[^<]*</span>)([.,;:?!)’”]*)')
_LONG = 30
"""Shorter ones, in characters of TeX, fit into a line of a phone."""
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|&\w+;|.", re.DOTALL)
_OPENING = {"{", "(", "[", r"\{", r"\langle", r"\lfloor", r"\lceil"}
_CLOSING = {"}", ")", "]", r"\}", r"\rangle", r"\rfloor", r"\rceil"}
_RELATIONS = {"=", "&lt;", "&gt;", r"\le", r"\ge", r"\sim", r"\approx", r"\in", r"\subseteq", r"\to", r"\ll", r"\gg"}


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("html-page-context", _break_lines)
    return {"parallel_read_safe": True}


def _break_lines(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    if "body" in context:
        context["body"] = unbroken(context["body"])


def unbroken(body: str) -> str:
    """The page with long formulas in pieces, and a span around each formula that has punctuation before or after it."""

    def in_pieces(found: re.Match[str]) -> str:
        return " ".join(rf"{found[1]}\({piece}\)</span>" for piece in pieces(found[2]))

    def kept(found: re.Match[str]) -> str:
        return f'<span class="unbroken">{found[0]}</span>' if found[1] or found[3] else found[0]

    return _PUNCTUATED.sub(kept, _FORMULA.sub(in_pieces, body))


def pieces(formula: str) -> list[str]:
    """A long formula, cut after relations that stand in no bracket; TeX, with < and > as entities."""
    if len(formula) < _LONG or r"\begin" in formula or r"\left" in formula:
        return [formula]
    found, depth = [""], 0
    for token in _TOKEN.findall(formula):
        depth += (token in _OPENING) - (token in _CLOSING)
        if token in _RELATIONS and depth == 0 and found[-1].strip():
            found[-1] += token
            found.append("")
        else:
            found[-1] += token
    return [piece.strip() for piece in found if piece.strip()]
