"""Expansions as text, and as a table for the terminal.

With subscripts, superscripts and Greek letters, such as γ² b₃₁; as gamma^2 b31 for streams that cannot encode these.
"""

import re
from collections.abc import Callable
from typing import Any

import sympy
from rich.console import Console
from rich.table import Table

from sessa_ref.symbolic.expansion import Expansion

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_GREEK = {"gamma": "γ", "alpha": "α", "beta": "β"}


def to_text(expression: Any) -> str:
    """An expression on one line: gamma**2*b_31/2 becomes γ² b₃₁/2."""
    text: str = sympy.sstr(expression)
    text = re.sub(r"\*\*(\d+|\(-\d+\))", lambda m: m[1].strip("()").translate(_SUPERSCRIPTS), text)
    text = re.sub(r"_(\d+(,\d+)?)", lambda m: m[1].translate(_SUBSCRIPTS), text)
    text = re.sub(r"gamma|alpha|beta", lambda m: _GREEK[m[0]], text)
    return text.replace("*", " ")  # what is left are products


def to_ascii(expression: Any) -> str:
    """The same in ASCII: gamma**2*b_31/2 becomes gamma^2 b31/2."""
    return sympy.sstr(expression).replace("**", "^").replace("_", "").replace("*", " ")


def can_print(console: Console, text: str) -> bool:
    """Whether the console's stream can encode all characters of the text: a pipe or file on Windows may lack some."""
    try:
        text.encode(getattr(console.file, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def print_expansion(console: Console, expansion: Expansion) -> None:
    """Print an expansion: a row for each number of hops, and the sum."""
    weights = _weights(expansion, to_text)
    if not can_print(console, "".join(weights)):
        weights = _weights(expansion, to_ascii)
    number = f"{expansion.count:,} path{'' if expansion.count == 1 else 's'}"
    console.print(f"influence of token {expansion.source} on token {expansion.target}: {number}", highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("hops", justify="right")
    table.add_column("paths", justify="right")
    table.add_column("weight", overflow="fold")
    for group, weight in zip(expansion.groups, weights[:-1], strict=True):
        table.add_row(str(group.hops), f"{group.count:,}", weight)
    if len(expansion.groups) != 1:
        table.add_row("all", f"{expansion.count:,}", weights[-1])
    console.print(table)


def _weights(expansion: Expansion, form: Callable[[Any], str]) -> list[str]:
    """The weights of each number of hops, then their sum."""
    return [" + ".join(map(form, group.terms)) for group in expansion.groups] + [form(expansion.total)]
