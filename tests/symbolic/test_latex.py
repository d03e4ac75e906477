import io

import pytest
import sympy
from matplotlib import mathtext

from sessa_ref.symbolic import expansion, hops, latex, routing


def braces_match(text):
    depth = 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize("name", routing.ROUTINGS)
@pytest.mark.parametrize("T", [1, 2, 5])
def test_an_expansion(name, T):
    found = expansion.by_paths(routing.ROUTINGS[name](T), 0, T - 1)
    text = latex.expansion_to_latex(found)
    assert braces_match(text)
    assert text.startswith("\\begin{aligned}")
    assert text.endswith("\\end{aligned}")
    assert text.count(r"\underbrace") == max(len(found.groups), 1)


def test_a_line_for_each_number_of_hops_and_the_factored_sum():
    assert latex.expansion_to_latex(expansion.by_paths(routing.uniform(3), 0, 2)) == (
        "\\begin{aligned}\n"
        r"  \bigl[(I - B)^{-1}\bigr]_{2,0} ={}& \underbrace{\frac{\gamma}{2}}_{1\ \text{hop}} \\"
        "\n"
        r"  &+ \underbrace{\frac{\gamma^{2}}{2}}_{2\ \text{hops}} \\"
        "\n"
        r"  ={}& \frac{\gamma \left(\gamma + 1\right)}{2}"
        "\n\\end{aligned}"
    )


def test_sums_of_many_symbols_are_not_repeated():
    paths = latex.expansion_to_latex(expansion.by_paths(routing.general(4), 0, 3))
    assert r"\underbrace{b_{10} b_{31} + b_{20} b_{32}}_{2\ \text{hops}}" in paths
    powers = latex.expansion_to_latex(expansion.by_powers(routing.general(4), 0, 3))
    assert r"\underbrace{{\left(B^{2}\right)}_{3,0}}_{2\ \text{hops}}" in powers
    one = latex.expansion_to_latex(expansion.by_paths(routing.predecessor(3), 0, 2))
    b, c = sympy.symbols("b c")
    two = latex.expansion_to_latex(expansion.by_paths(sympy.Matrix([[0, 0, 0], [b, 0, 0], [b, c, 0]]), 0, 2))
    assert [text.count("={}&") for text in (paths, powers, one, two)] == [1, 1, 1, 1]


def test_no_path():
    B = routing.predecessor(3)
    B[2, 1] = 0
    assert "& 0" in latex.expansion_to_latex(expansion.by_paths(B, 0, 2))


def test_expressions_are_valid_mathtext():
    for expression in hops.shares(routing.uniform(5), 0, 4):
        mathtext.math_to_image(f"${latex.to_latex(expression)}$", io.BytesIO(), format="svg")
    with pytest.raises(ValueError, match="Expected"):
        mathtext.math_to_image(r"$\frac{1}$", io.BytesIO(), format="svg")


def test_a_matrix():
    assert latex.to_latex(routing.uniform(2)) == r"\left(\begin{matrix}0 & 0\\\gamma & 0\end{matrix}\right)"
    assert r"\begin{matrix}" in latex.to_latex(sympy.zeros(1, 11)), "of any size"
