"""Expansions as plain text with subscripts, superscripts and Greek letters, and as a table for the terminal."""

import re
from typing import Any

import sympy
from rich.console import Console
from rich.table import Table

from sessa_ref.symbolic.rendering.expansion import Expansion

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_GREEK = {"gamma": "γ", "alpha": "α", "beta": "β"}


def to_text(expression: Any) -> str:
    """An expression on one line: gamma**2*b_31/2 becomes γ² b₃₁/2."""
    text = sympy.sstr(expression)
    text = re.sub(r"\*\*(\d+|\(-\d+\))", lambda m: m[1].strip("()").translate(_SUPERSCRIPTS), text)
    text = re.sub(r"_(\d+(,\d+)?)", lambda m: m[1].translate(_SUBSCRIPTS), text)
    text = re.sub(r"gamma|alpha|beta", lambda m: _GREEK[m[0]], text)
    return text.replace("*", " ")  # what is left are products


def print_expansion(console: Console, expansion: Expansion) -> None:
    """Print an expansion: a row for each number of hops, and the sum."""
    number = f"{expansion.count:,} path{'' if expansion.count == 1 else 's'}"
    console.print(f"influence of token {expansion.source} on token {expansion.target}: {number}", highlight=False)
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("hops", justify="right")
    table.add_column("paths", justify="right")
    table.add_column("weight", overflow="fold")
    for group in expansion.groups:
        table.add_row(str(group.hops), f"{group.count:,}", " + ".join(map(to_text, group.terms)))
    if len(expansion.groups) != 1:
        table.add_row("all", f"{expansion.count:,}", to_text(expansion.total))
    console.print(table, highlight=False)
