"""Expansions, matrices and closed forms as LaTeX."""

from typing import Any

import sympy

from sessa_ref.symbolic.expansion import Expansion


def expansion_to_latex(expansion: Expansion) -> str:
    r"""An `aligned` block, one line for each number of hops under a brace, then the factored sum where it is short.

    Belongs in math mode and needs amsmath (for `aligned` and `\text`).
    """
    name = rf"\bigl[(I - B)^{{-1}}\bigr]_{{{expansion.target},{expansion.source}}}"
    lines = [_braced(group.hops, group.terms) for group in expansion.groups] or ["0"]
    body = " \\\\\n  &+ ".join(lines)
    text = f"\\begin{{aligned}}\n  {name} ={{}}& {body}"
    if len(lines) > 1 and len(expansion.total.free_symbols) <= 1 and not expansion.total.has(sympy.MatrixSymbol):
        text += f" \\\\\n  ={{}}& {to_latex(expansion.total)}"
    return text + "\n\\end{aligned}"


def to_latex(expression: Any) -> str:
    """An expression or a matrix as LaTeX, for math mode; products without signs, matrices in parentheses."""
    if isinstance(expression, sympy.MatrixBase):
        return sympy.latex(expression, mat_delim="(", mat_str="matrix")
    return sympy.latex(expression)


def _braced(hops: int, terms: list[Any]) -> str:
    noun = "hop" if hops == 1 else "hops"
    return rf"\underbrace{{{' + '.join(map(to_latex, terms))}}}_{{{hops}\ \text{{{noun}}}}}"
