import io
from typing import Any

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
        (sympy.Symbol("beta_1") + routing.GAMMA**-12, "β₁ + γ⁻¹²"),
    ],
)
def test_to_text(expression, wanted):
    assert text.to_text(expression) == wanted


def test_to_ascii():
    assert text.to_ascii(routing.GAMMA**2 * sympy.Symbol("b_31") / 2) == "b31 gamma^2/2"


def printed(found, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    text.print_expansion(Console(width=80, file=stream), found)
    return [line.rstrip() for line in stream.buffer.getvalue().decode(encoding).splitlines()]


def test_one_path_is_its_own_sum():
    assert printed(expansion.by_paths(routing.predecessor(3), 0, 2)) == [
        "influence of token 0 on token 2: 1 path",
        "hops  paths  weight",
        "   2      1  γ²",
    ]


@pytest.mark.parametrize(("encoding", "first", "second"), [("utf-8", "b₂₀", "b₁₀ b₂₁"), ("ascii", "b20", "b10 b21")])
def test_a_row_for_each_number_of_hops_and_the_sum(encoding, first, second):
    assert printed(expansion.by_paths(routing.general(3), 0, 2), encoding) == [
        "influence of token 0 on token 2: 2 paths",
        "hops  paths  weight",
        f"   1      1  {first}",
        f"   2      1  {second}",
        f" all      2  {second} + {first}",
    ]


def test_weights_of_several_paths_stand_in_one_row():
    assert printed(expansion.by_paths(routing.general(4), 0, 3))[3] == "   2      2  b₁₀ b₃₁ + b₂₀ b₃₂"


def test_no_path():
    B = routing.predecessor(3)
    B[2, 1] = 0
    assert printed(expansion.by_paths(B, 0, 2)) == [
        "influence of token 0 on token 2: 0 paths",
        "hops  paths  weight",
        " all      0  0",
    ]


def test_large_numbers_have_commas():
    lines = printed(expansion.by_powers(routing.general(16), 0, 15))
    assert lines[0] == "influence of token 0 on token 15: 16,384 paths"
    assert lines[8] == "   7   3,003  (B⁷)[15, 0]"
    assert lines[-1] == " all  16,384  ((I - B)⁻¹)[15, 0]"


def test_long_weights_are_folded_and_nothing_but_the_columns_names_has_a_style():
    stream = io.StringIO()
    console = Console(width=41, file=stream, force_terminal=True, color_system="truecolor")
    text.print_expansion(console, expansion.by_paths(sympy.Matrix([[0, 0], [sympy.Symbol("b" * 60), 0]]), 0, 1))
    heading, _, *rows = stream.getvalue().splitlines()
    assert heading == "influence of token 0 on token 1: 1 path"
    assert "".join(rows).count("b") == 60
    assert "\x1b" not in "".join(rows)


def test_what_a_stream_can_print():
    def console(**how):
        return Console(file=io.TextIOWrapper(io.BytesIO(), **how))

    assert text.can_print(console(encoding="utf-8"), "γ")
    assert not text.can_print(console(encoding="ascii"), "γ")
    assert text.can_print(console(encoding="ascii"), "g")
    assert text.can_print(Console(file=io.StringIO()), "γ")  # whose encoding is None

    without_encoding: Any = object()
    assert text.can_print(Console(file=without_encoding), "γ")
