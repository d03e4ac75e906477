"""What checks say is read by people: no side of an inequality is rounded away, and nothing looks like Python."""

from fractions import Fraction

import flint
import pytest
import sympy

from proofs_checks import wording
from sessa_ref.config import SessaConfig

x, y = sympy.symbols("x y")
F, g = sympy.Function("F")(x, y), sympy.Function("g")(x)


@pytest.mark.parametrize(
    ("attained", "claimed", "words"),
    [
        (3.0, 2.0, "3 > 2"),
        (sympy.Rational(3, 2), sympy.Integer(1), "1.5 > 1"),
        (0.16997124, 0.16997080, "0.1699712 > 0.1699708"),
        (1 + 2.0**-40, 1.0, "it exceeds 1 by 9.1e-13"),
        (1 + sympy.Rational(3, 10**21), sympy.Integer(1), "it exceeds 1 by 3e-21"),
        (1 + flint.fmpq(3, 10**9) + flint.arb(0), 1, "it exceeds 1 by 3e-09"),
        (float("inf"), 1.0, "inf > 1"),
        (float("nan"), 1.0, "nan is not shown to be at most 1"),
        (flint.arb(1, 0.2), flint.arb(1), "1 ± 0.2 is not shown to be at most 1"),
    ],
)
def test_an_excess_is_seen(attained, claimed, words):
    assert wording.excess(attained, claimed) == words


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (x**2 * y / (3 - 3 * x * y) ** 2, "x^2 y/(-3 x y + 3)^2"),
        (y * F.diff(x) - F, "y dF/dx - F"),
        (x * g.diff(x), "x g'(x)"),
        (g.diff(x, 2), ""),
        (sympy.Function("g")(x + y).diff(x), ""),  # SymPy writes Subs(Derivative(...))
        (sympy.expand((x + y) ** 20), ""),
    ],
)
def test_a_formula_is_written_as_readers_write_it_or_not_at_all(formula, words):
    assert wording.expression(formula) == words


def test_what_is_left_of_an_identity():
    long = sympy.expand((x + y) ** 20)
    assert wording.not_zero(x**2, 0, 3) == "the difference is x^2"
    assert wording.not_zero(sympy.oo, 0, 1) == "the difference is infinite"
    assert wording.not_zero(long, 0, 1) == "the difference is not zero"
    assert wording.not_zero(long, 1, 3) == "the difference is not zero, first in case 2 of 3"


def test_lists_counts_and_layers():
    assert wording.listed([0, Fraction(1, 2), 1.0]) == "0, 1/2, 1"
    assert [wording.counted(n, "block") for n in (1, 2)] == ["1 block", "2 blocks"]
    assert wording.layer(SessaConfig.paper(2)) == "width 2, 1 head, d_k = 2, no normalisation"
    assert wording.layer(SessaConfig.published(8, 4, 2)) == (
        "width 8, 4 heads, 2 of keys and values, d_k = 2, LayerNorm"
    )
