from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import fmpq, fmpq_mat
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.certified import exact
from sessa_ref.reference import solve
from sessa_ref.symbolic import routing, series
from tests.rounding import solution_rounding


@st.composite
def matrices(draw, max_T=12):
    """Strictly lower-triangular matrices of small fractions, some of them 0."""
    T = draw(st.integers(0, max_T))
    entries = st.fractions(-1, 1, max_denominator=9)
    return [[draw(entries) if j < t else Fraction(0) for j in range(T)] for t in range(T)]


def as_matrix(rows):
    return fmpq_mat(len(rows), len(rows), [fmpq(x.numerator, x.denominator) for row in rows for x in row])


@given(matrices())
def test_inverse_series_and_flints_own_inverse_are_equal(rows):
    B = np.array(rows, dtype=object).reshape(len(rows), len(rows))
    identity = as_matrix([[Fraction(int(t == j)) for j in range(len(rows))] for t in range(len(rows))])
    K = exact.inverse(B)
    assert exact.neumann_series(B) == K
    assert (identity - as_matrix(rows)) * K == identity
    if rows:
        assert (identity - as_matrix(rows)).inv() == K


@given(matrices())
def test_by_hops(rows):
    T = len(rows)
    B, K = np.array(rows, dtype=object).reshape(T, T), exact.inverse(np.array(rows, dtype=object).reshape(T, T))
    for target in range(T):
        parts = exact.by_hops(B, 0, target)
        assert sum(parts, fmpq(0)) == K[target, 0]
        assert exact.neumann_series(B, 1)[target, 0] == sum(parts[:2], fmpq(0))


def test_symbols_and_exact_arithmetic_agree():
    B = routing.uniform(9, sympy.Rational(-3, 7))
    assert exact.to_fractions(exact.inverse(B)) == [
        [Fraction(int(x.p), int(x.q)) for x in row] for row in series.inverse(B).tolist()
    ]


def test_a_long_solve_checks_the_float_one():
    """The float64 solve is within its forward bound of the exact one, and a bent one is not."""
    generator, T = np.random.default_rng(0), 60
    B, f = np.tril(generator.uniform(-1, 1, size=(T, T)), k=-1) / T, generator.normal(size=(T, 2))
    s = solve.forward_substitution(B, f)
    true = np.array([[float(x) for x in row] for row in exact.to_fractions(exact.solve(B, f))])
    allowed = solution_rounding(B, f)
    assert np.all(np.abs(s - true) <= allowed)
    assert np.any(np.abs(solve.neumann_series(B, f, 3) - true) > allowed)


def test_a_diagonal_entry_breaks_the_series():
    """What the check of the diagonal guards against."""
    rows = [[Fraction(0), Fraction(0)], [Fraction(1), Fraction(1, 2)]]
    for function in (exact.inverse, exact.neumann_series):
        with pytest.raises(ValueError, match="strictly lower-triangular, got 1/2 in row 1, column 1"):
            function(np.array(rows, dtype=object))


def test_floats_are_exact():
    assert exact.rational([[0.1]])[0, 0] == fmpq(3602879701896397, 2**55)


def test_a_whole_number_beside_a_float_is_not_rounded():
    assert exact.rational([[2**60 + 1, 0.5]]).entries() == [fmpq(2**60 + 1), fmpq(1, 2)]


@given(matrices(max_T=6))
def test_hops_from_any_source(rows):
    """One weight for each number of hops, 0 to target - source; none of more hops is left."""
    B, K = as_matrix(rows), exact.inverse(as_matrix(rows))
    for source in range(len(rows)):
        for target in range(source, len(rows)):
            parts = exact.by_hops(B, source, target)
            assert len(parts) == target - source + 1
            assert sum(parts, fmpq(0)) == K[target, source]


def test_no_hop_is_the_identity():
    assert exact.neumann_series(np.tril(np.ones((3, 3)), -1), 0) == fmpq_mat(3, 3, [1, 0, 0, 0, 1, 0, 0, 0, 1])


@pytest.mark.parametrize(
    ("matrix", "error", "message"),
    [
        ([[float("nan")]], ValueError, "finite"),
        ([[float("inf")]], ValueError, "finite"),
        ([[1j]], TypeError, "rational numbers"),
        ([1.0], ValueError, "two axes"),
        (np.zeros((2, 3)), ValueError, "square"),
    ],
)
def test_bad_matrices(matrix, error, message):
    with pytest.raises(error, match=message):
        exact.inverse(matrix)


def test_bad_arguments():
    with pytest.raises(ValueError, match="one row for each of the 3 tokens, got 2"):
        exact.solve(np.zeros((3, 3)), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="hops must not be negative"):
        exact.neumann_series(np.zeros((3, 3)), -1)
    with pytest.raises(ValueError, match="got source 2 and target 1"):
        exact.by_hops(np.zeros((3, 3)), 2, 1)
    with pytest.raises(ValueError, match="got source 0 and target 3"):
        exact.by_hops(np.zeros((3, 3)), 0, 3)
    with pytest.raises(
        TypeError, match=r"^a matrix must be a plain array, got a masked array, whose mask would be ignored$"
    ):
        exact.rational(np.ma.masked_array([[1.0]], [[True]]))
