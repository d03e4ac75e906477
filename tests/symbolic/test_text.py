import pytest
import sympy
from rich.console import Console

from sessa_ref.symbolic import expansion, routing, text


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (sympy.Symbol("b_31") * sympy.Symbol("b_10"), "b₁₀ b₃₁"),
        (routing.GAMMA**12 / 6, "γ¹²/6"),
        (2 * sympy.Symbol("b_12,3"), "2 b₁₂,₃"),
        (sympy.Symbol("gamma_3") * sympy.Symbol("alpha_30"), "α₃₀ γ₃"),
        (sympy.Integer(0), "0"),
        (-routing.GAMMA, "-γ"),
    ],
)
def test_to_text(expression, wanted):
    assert text.to_text(expression) == wanted


def test_print_expansion():
    console = Console(width=80)
    with console.capture() as capture:
        text.print_expansion(console, expansion.by_paths(routing.predecessor(3), 0, 2))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert lines == ["influence of token 0 on token 2: 1 path", "hops  paths  weight", "   2      1  γ²"]
