import flint
import numpy as np
import pytest
from flint import arb, arb_mat
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.certified import balls


def matrix(*rows):
    return arb_mat([list(row) for row in rows])


A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_conversion_is_exact_at_any_precision():
    numbers = np.array([[0.1, 1 / 3, -1e-308, 2.0**1000]])
    with flint.ctx.workprec(4):
        entries = balls.exact(numbers).entries()
    assert all(entry.is_exact() for entry in entries)
    assert [float(entry.mid()) for entry in entries] == numbers[0].tolist()
    assert balls.exact(numbers[0]) == balls.exact(numbers), "a vector becomes a row"


def test_rows_and_columns():
    exact = balls.exact(A)
    assert balls.columns(exact, 1, 3) == matrix([2, 3], [5, 6])
    assert balls.beside([balls.columns(exact, 2, 3), exact]) == matrix([3, 1, 2, 3], [6, 4, 5, 6])
    assert balls.row_sums(exact) == [arb(6), arb(15)]
    assert balls.column_sums(exact) == matrix([5, 7, 9])
    assert balls.add_row(exact, matrix([1, 0, -1])) == matrix([2, 2, 2], [5, 5, 5])
    assert balls.scale_rows(exact, [arb(2), arb(0)]) == matrix([2, 4, 6], [0, 0, 0])
    assert balls.scale_columns(exact, [arb(2), arb(0), arb(1)]) == matrix([2, 0, 3], [8, 0, 6])
    assert balls.hadamard(exact, exact) == matrix([1, 4, 9], [16, 25, 36])
    assert balls.strictly_lower(balls.exact(np.ones((3, 3)))) == matrix([0, 0, 0], [1, 0, 0], [1, 1, 0])
    assert [float(x.mid()) for x in balls.to_array(exact)[1]] == [4, 5, 6]


def test_nothing():
    empty = balls.from_rows([], 3)
    assert (empty.nrows(), empty.ncols()) == (0, 3)
    assert balls.columns(empty, 0, 2).ncols() == 2
    assert balls.column_sums(empty) == matrix([0, 0, 0])
    assert balls.to_array(empty).shape == (0, 3)


@pytest.mark.parametrize(
    "ball", [arb(0), arb(0, 1), arb(-3, 2.0**-900), arb(1) / 3, arb("inf"), arb("nan"), arb(1, "inf")]
)
def test_numbers_restore_a_ball_exactly(ball):
    restored = balls.to_numbers(balls.from_numbers(*balls.to_numbers(ball)))
    assert str(restored) == str(balls.to_numbers(ball))  # as text, since NaN differs from itself


@given(st.integers(1, 2**30 - 1), st.integers(-2000, 2000))
def test_every_radius_is_restored_exactly(mantissa, exponent):
    while mantissa % 2 == 0:
        mantissa, exponent = mantissa // 2, exponent + 1
    radius = mantissa, exponent
    assert balls.to_numbers(balls.from_numbers((1, 0), radius)) == ((1, 0), radius)


def test_factors_are_as_many_as_rows_and_columns():
    for scale, factors in (
        (balls.scale_columns, 2),
        (balls.scale_columns, 4),
        (balls.scale_rows, 1),
        (balls.scale_rows, 3),
    ):
        with pytest.raises(ValueError, match=r"zip\(\) argument"):
            scale(balls.exact(A), [arb(1)] * factors)


def test_a_flint_that_restores_another_radius_is_refused(monkeypatch):
    numbers = balls.to_numbers(arb(1, 2.0**-30))
    monkeypatch.setattr(balls, "to_numbers", lambda ball: ((1, 0), (3, 0)))
    with pytest.raises(ArithmeticError, match=r"^this flint does not restore the radius \(\d+, -?\d+\) exactly$"):
        balls.from_numbers(*numbers)
