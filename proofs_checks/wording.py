"""How checks word what they saw: numbers that do not fit, expressions that are not zero, layers and lists."""

from collections.abc import Iterable

import flint
import sympy
from sympy.core.function import AppliedUndef, Derivative, Subs
from sympy.printing.str import StrPrinter

from sessa_ref.config import SessaConfig

LONGEST = 80
"""Expressions with more characters are not shown: nobody reads them."""

DIGITS = (6, 7)
"""Significant digits of a number; the book's pages keep no more than seven."""


def number(value: object) -> float:
    """The value as a float; of a ball its middle."""
    return float(value.mid()) if isinstance(value, flint.arb) else float(value)  # type: ignore[arg-type]


def excess(attained: object, claimed: object) -> str:
    """Why attained <= claimed does not hold: both sides, or their difference where seven digits do not tell them apart."""
    if not bool(attained > claimed):  # type: ignore[operator]
        return f"{_enclosed(attained)} is not shown to be at most {_enclosed(claimed)}"
    for digits in DIGITS:
        left, right = (f"{number(value):.{digits}g}" for value in (attained, claimed))
        if left != right:
            return f"{left} > {right}"
    return f"it exceeds {number(claimed):.6g} by {number(attained - claimed):.2g}"  # type: ignore[operator]


def _enclosed(value: object) -> str:
    if isinstance(value, flint.arb) and not value.is_exact():
        return f"{number(value):.6g} ± {float(value.rad()):.1g}"
    return f"{number(value):.6g}"


def not_zero(wrong: sympy.Expr, place: int, cases: int) -> str:
    """What an identity leaves that fails; which of its cases that is, counted from 0, where it is too long to show."""
    if wrong.is_infinite:
        return "the difference is infinite"
    shown = expression(wrong)
    if shown:
        return f"the difference is {shown}"
    return "the difference is not zero" + (f", first in case {place + 1} of {cases}" if cases > 1 else "")


def expression(formula: sympy.Expr) -> str:
    """A formula as readers write it: a^2 b, g'(x), dF/dx, F for F(x, y); "" where it is too long or has no such form."""
    if formula.has(Subs) or not all(_is_plain(found) for found in formula.atoms(Derivative)):
        return ""
    text = _Readable().doprint(formula).replace("**", "^").replace("*", " ")
    return text if len(text) <= LONGEST else ""


def _is_plain(derivative: Derivative) -> bool:
    return isinstance(derivative.expr, AppliedUndef) and derivative.derivative_count == 1


class _Readable(StrPrinter):  # SymPy finds its methods by these names
    def _print_AppliedUndef(self, expr: AppliedUndef) -> str:  # noqa: N802
        name = expr.func.__name__
        return f"{name}({self.doprint(expr.args[0])})" if len(expr.args) == 1 else name

    def _print_Derivative(self, expr: Derivative) -> str:  # noqa: N802
        function, variable = expr.expr, expr.variables[0]
        name = function.func.__name__
        return f"{name}'({variable})" if function.args == (variable,) else f"d{name}/d{variable}"


def listed(values: Iterable[object]) -> str:
    """Numbers as readers list them: "0, 1/2, 1"."""
    return ", ".join(f"{value:.7g}" if isinstance(value, float) else str(value) for value in values)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 block", "2 blocks"."""
    return f"{number} {noun}{'s' * (number != 1)}"


def layer(config: SessaConfig) -> str:
    """What matters of a layer: "width 8, 4 heads, 2 of keys and values, d_k = 2, LayerNorm"."""
    heads = counted(config.heads, "head")
    if config.kv_heads != config.heads:
        heads += f", {config.kv_heads} of keys and values"
    norm = "LayerNorm" if config.norm == "layernorm" else "no normalisation"
    return f"width {config.width}, {heads}, d_k = {config.query_width}, {norm}"
