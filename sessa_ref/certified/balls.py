"""Matrices of balls: a midpoint and a radius for each entry, with arithmetic that never loses the true value.

flint's `arb_mat` multiplies and adds; this adds what the layer needs besides: exact conversion of float64 arrays,
elementwise functions, rows and columns. Precision is flint's, set by `flint.ctx.workprec`. Matrices have two axes.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from flint import arb, arb_mat

from sessa_ref.notation import Array


def exact(array: Array) -> arb_mat:
    """The numbers of a float64 array with at most two axes, as balls of radius 0; a vector becomes a row."""
    rows = np.atleast_2d(array)
    return arb_mat(rows.shape[0], rows.shape[1], [arb(number) for number in rows.ravel().tolist()])


def elementwise(function: Callable[..., Any], *matrices: arb_mat) -> arb_mat:
    """`function` of the corresponding entries of matrices that have one shape."""
    first = matrices[0]
    entries = [matrix.entries() for matrix in matrices]
    return arb_mat(first.nrows(), first.ncols(), [function(*at) for at in zip(*entries, strict=True)])


def hadamard(left: arb_mat, right: arb_mat) -> arb_mat:
    """Products of corresponding entries."""
    return elementwise(arb.__mul__, left, right)


def scale_rows(matrix: arb_mat, factors: Sequence[arb]) -> arb_mat:
    """Row t times factor t."""
    rows = ([factor * entry for entry in row] for factor, row in zip(factors, matrix.tolist(), strict=True))
    return from_rows(rows, matrix.ncols())


def scale_columns(matrix: arb_mat, factors: Sequence[arb]) -> arb_mat:
    """Column j times factor j."""
    rows = ([entry * factor for entry, factor in zip(row, factors, strict=True)] for row in matrix.tolist())
    return from_rows(rows, matrix.ncols())


def add_row(matrix: arb_mat, row: arb_mat) -> arb_mat:
    """One row added to every row."""
    return matrix + arb_mat(matrix.nrows(), 1, [1] * matrix.nrows()) * row


def row_sums(matrix: arb_mat) -> list[arb]:
    """The sum of each row."""
    return [sum(row, arb(0)) for row in matrix.tolist()]


def column_sums(matrix: arb_mat) -> arb_mat:
    """The sum of each column, as one row."""
    return arb_mat(1, matrix.nrows(), [1] * matrix.nrows()) * matrix


def columns(matrix: arb_mat, start: int, stop: int) -> arb_mat:
    """Columns start .. stop - 1."""
    return from_rows((row[start:stop] for row in matrix.tolist()), stop - start)


def beside(matrices: Sequence[arb_mat]) -> arb_mat:
    """Matrices with equally many rows, side by side."""
    rows = zip(*(matrix.tolist() for matrix in matrices), strict=True)
    return from_rows((list(chain.from_iterable(parts)) for parts in rows), sum(matrix.ncols() for matrix in matrices))


def from_rows(rows: Iterable[Sequence[Any]], width: int) -> arb_mat:
    """A matrix from its rows; `width` is the number of columns where there are no rows."""
    entries = [list(row) for row in rows]
    return arb_mat(len(entries), width, list(chain.from_iterable(entries)))


def strictly_lower(matrix: arb_mat) -> arb_mat:
    """Entries below the diagonal; the others are exactly 0."""
    rows = enumerate(matrix.tolist())
    return from_rows(([entry if j < t else 0 for j, entry in enumerate(row)] for t, row in rows), matrix.ncols())


def to_array(matrix: arb_mat) -> Array:
    """The balls as a NumPy array of objects."""
    array = np.empty((matrix.nrows(), matrix.ncols()), dtype=object)
    array.ravel()[:] = matrix.entries()
    return array


Numbers = tuple[int, int] | float
"""A number as mantissa and exponent of 2; infinities and NaN as floats."""


def to_numbers(ball: arb) -> tuple[Numbers, Numbers]:
    """A ball's midpoint and radius, exactly. Flint's balls cannot be pickled; these can."""

    def parts(number: arb) -> Numbers:
        if not number.is_finite():
            return float(number)
        mantissa, exponent = number.man_exp()
        return int(mantissa), int(exponent)

    return parts(ball.mid()), parts(ball.rad())


def from_numbers(middle: Numbers, radius: Numbers) -> arb:
    """The ball that `to_numbers` took apart."""
    given = radius
    if isinstance(radius, tuple) and radius[0]:
        # Flint keeps 30 bits of a radius and rounds it up to the next such number.
        given = (radius[0] << 64) - 1, radius[1] - 64
    ball = arb(arb(middle), arb(given))
    if to_numbers(ball)[1] != radius:
        raise ArithmeticError(f"this flint does not restore the radius {radius} exactly")
    return ball
