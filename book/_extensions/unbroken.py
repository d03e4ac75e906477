r"""Where lines break at formulas: after a relation of a long one, as TeX has it, and never before the punctuation around one.

MathJax sets each formula in one piece, so a long one becomes several here: \(a = b\) becomes \(a =\) \(b\). What is still
too long for a phone breaks after plus and minus too; the style sheet lets such a piece scroll.
"""

import re
from typing import Any

_FORMULA = re.compile(r'(<span class="math [^"]*">)\\\(([^<]*)\\\)</span>')
_GOES_ON = r"[^\s<>]{1,40}(?=<span[^>]*>\\\((?:[)|]|\\\}))"
"""The characters of what a formula goes on with that begins with a closing bracket, as in (t+1)^2."""
_PUNCTUATED = re.compile(rf'({_GOES_ON}|[(“‘]*)(<span class="math [^"]*">[^<]*</span>)([.,;:?!)’”]*)')
_LONG = 30
"""Shorter ones, in characters of TeX, fit into a line of a phone."""
_SCROLLS = "long"
"""The class of pieces that may not."""
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|&\w+;|.", re.DOTALL)
_OPENING = {"{", "(", "[", r"\{", r"\langle", r"\lfloor", r"\lceil", r"\lVert", r"\lvert"}
_CLOSING = {"}", ")", "]", r"\}", r"\rangle", r"\rfloor", r"\rceil", r"\rVert", r"\rvert"}
_RELATIONS = {
    "=", "&lt;", "&gt;", r"\le", r"\ge", r"\lesssim", r"\gtrsim", r"\sim", r"\approx", r"\in", r"\subseteq", r"\to", r"\ll",
    r"\gg",
}  # fmt: skip
_SIGNS = {"+": "+{}", "-": "-{}"}
"""Signs between terms, and how they end a piece: with the space that they have before a term."""


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
        return " ".join(rf"{_opened(found[1], piece)}\({piece}\)</span>" for piece in pieces(found[2]))

    def kept(found: re.Match[str]) -> str:
        return f'<span class="unbroken">{found[0]}</span>' if found[1] or found[3] else found[0]

    return _PUNCTUATED.sub(kept, _FORMULA.sub(in_pieces, body))


def _opened(span: str, piece: str) -> str:
    return span.replace('"math ', f'"math {_SCROLLS} ') if len(piece) >= _LONG else span


def pieces(formula: str) -> list[str]:
    """A long formula, cut after relations and signs that stand in no bracket; TeX, with < and > as entities."""
    if r"\begin" in formula or r"\left" in formula:
        return [formula]
    after_relations = _cut(formula, {relation: relation for relation in _RELATIONS})
    return [piece for part in after_relations for piece in (_cut(part, _SIGNS) if len(part) >= 2 * _LONG else [part])]


def _cut(formula: str, after: dict[str, str]) -> list[str]:
    """A long formula, cut after these tokens, which end their pieces as said there."""
    if len(formula) < _LONG:
        return [formula]
    found, depth = [""], 0
    tokens = _TOKEN.findall(formula)
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        depth += (token in _OPENING) - (token in _CLOSING)
        if token in after and depth == 0 and found[-1].strip() and following not in ("_", "^"):
            found[-1] += after[token]
            found.append("")
        else:
            found[-1] += token
    return [piece.strip() for piece in found if piece.strip()]
