from fractions import Fraction
from itertools import product

import pytest
from scipy.optimize import linprog

from proofs_checks.worst_routing import ball, fill_largest_first, late_worst_influence, worst_influence
from tests.rounding import near, roundings


@pytest.mark.parametrize("cap", [Fraction(1, 5), Fraction(1, 3), Fraction(2)])
@pytest.mark.parametrize("row_sums", [True, False])
def test_the_row_is_optimal(cap, row_sums):
    values = [Fraction(1), Fraction(3, 10), Fraction(7, 10), Fraction(1, 2)]
    best, proof = fill_largest_first(values, cap, row_sums)
    sums = {"A_ub": [[1.0] * 4], "b_ub": [1.0]} if row_sums else {}
    found = linprog([-float(v) for v in values], bounds=(0, float(cap)), **sums)
    # A vertex, since values differ by more than the solver's 1e-7: four products of numbers that are rounded or filled up.
    assert float(best) == near(-found.fun, 16)
    assert best == proof


def test_the_worst_influence_is_that_of_the_worst_vertices():
    """Every routing of four tokens whose rows are vertices of the polytope, one by one."""
    gamma, c2 = Fraction(2, 5), Fraction(2)
    largest = [Fraction(0)] * 4
    rows = [list(_vertices(t, c2 / t)) for t in range(1, 4)]
    for choice in product(*rows):
        y = [Fraction(1)]
        for row in choice:
            y.append(gamma * sum((a * b for a, b in zip(row, y, strict=True)), Fraction(0)))
        largest = [max(a, b) for a, b in zip(largest, y, strict=True)]
    assert largest == worst_influence(4, gamma, c2)


def _vertices(size, cap):
    """Vertices of 0 <= a <= cap, sum <= 1: entries 0 or cap, and at most one that fills the row."""
    for signs in product((0, 1), repeat=size):
        row = [cap * sign for sign in signs]
        if sum(row) <= 1:
            yield row
        for j in range(size):
            filled = [*row[:j], Fraction(0), *row[j + 1 :]]
            left = 1 - sum(filled)
            if 0 <= left <= cap:
                yield [*row[:j], left, *row[j + 1 :]]


def test_known_cases():
    half, one = Fraction(1, 2), Fraction(1)
    assert worst_influence(4, half, one) == [1, half, Fraction(3, 8), Fraction(5, 16)]
    assert worst_influence(4, half, one, envelope=False) == [1, half, half, half]
    assert worst_influence(3, half, Fraction(4), 0, row_sums=False) == [1, 2, 3]


@pytest.mark.parametrize("c2", [Fraction(1, 2), Fraction(1), Fraction(7, 3), Fraction(9)])
def test_long_sequences_in_balls(c2):
    T, gamma = 30, Fraction(9, 10)
    exactly = worst_influence(T, gamma, c2)
    # Means of numbers up to 1 keep the largest error, the gain shrinks it, and a token adds at most T + 8 roundings, of 2 units.
    widest = 2 * roundings(T + 8) / (1 - float(gamma))
    for value, enclosed in zip(exactly, late_worst_influence(T, gamma, c2), strict=True):
        assert enclosed.overlaps(ball(value))
        assert float(enclosed.rad()) <= widest
