import pytest
import sympy

from proofs_checks.evidence import Evidence

a, b = sympy.symbols("a b", positive=True)


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        (a / (a + b) - a / (a + b + 1), True),
        (sympy.Integer(0), True),
        (-(a + 1) / (-b - 2), True),
        (a - b, False),
        (-a / b, False),
        (a**2 - 2 * a * b + b**2, False),  # >= 0, but not by its coefficients
    ],
)
def test_signs_of_coefficients(expression, holds):
    evidence = Evidence("test")
    evidence.nonnegative("claim", expression, "how")
    assert evidence.pieces[0].holds is holds


def test_nonnegative_symbols_are_limits_of_positive_ones():
    evidence = Evidence("test")
    evidence.nonnegative("claim", sympy.Symbol("c", nonnegative=True) * a / (a + b), "how")
    assert evidence.pieces[0].holds


def test_symbols_must_be_positive():
    with pytest.raises(TypeError, match="positive symbols"):
        Evidence("test").nonnegative("claim", sympy.Symbol("x") + 1, "how")
