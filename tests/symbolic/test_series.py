import numpy as np
import pytest
import sympy

from sessa_ref.reference import solve
from sessa_ref.symbolic import paths, routing, series
from tests.rounding import roundings

LENGTHS = range(9)


def is_inverse(B, N):
    """(I - B) N = N (I - B) = I, every entry expanded to 0; plain SymPy products."""
    identity = sympy.eye(B.rows)
    return all(
        (product - identity).applyfunc(sympy.expand) == 0 * identity
        for product in ((identity - B) * N, N * (identity - B))
    )


def plain_series(B):
    """The sum of B^k for k < T, without the package."""
    total = term = sympy.eye(B.rows)
    for _ in range(B.rows - 1):
        term = (term * B).applyfunc(sympy.expand)
        total = total + term
    return total


@pytest.mark.parametrize("name", routing.ROUTINGS)
@pytest.mark.parametrize("T", LENGTHS)
def test_series_inverse_and_path_sums_are_one(name, T):
    B = routing.ROUTINGS[name](T)
    N = series.neumann_series(B)
    assert series.inverse(B) == N
    assert is_inverse(B, N)
    for t in range(T):
        for tau in range(T):
            assert N[t, tau] == (paths.path_sum(B, tau, t) if tau <= t else 0)


@pytest.mark.parametrize("T", range(2, 9))
def test_an_entry_on_the_diagonal_breaks_it(T):
    B = routing.general(T)
    B[1, 1] = sympy.Symbol("d")
    assert not is_inverse(B, plain_series(B))
    assert (B**T).applyfunc(sympy.expand) != sympy.zeros(T, T)
    for function in (series.powers, series.nilpotency_index, series.neumann_series, series.inverse):
        with pytest.raises(ValueError, match="got d in row 1, column 1"):
            function(B)


@pytest.mark.parametrize("T", range(2, 9))
def test_a_missing_power_breaks_it(T):
    B = routing.general(T)
    assert is_inverse(B, plain_series(B))
    assert not is_inverse(B, series.neumann_series(B, T - 2))


def test_nilpotency_index():
    assert [series.nilpotency_index(routing.general(T)) for T in LENGTHS] == list(LENGTHS)
    assert series.nilpotency_index(sympy.zeros(5, 5)) == 1
    even = routing.general(5)
    even[2, 1] = 0  # the path through all tokens is gone
    assert series.nilpotency_index(even) == 4


@pytest.mark.parametrize("T", [1, 4, 6])
def test_powers(T):
    B = routing.gain_times_weights(T)
    powers = series.powers(B)
    assert len(powers) == T
    for k, power in enumerate(powers):
        assert power == (B**k).applyfunc(sympy.expand)
    assert series.powers(B, T)[-1].is_zero_matrix


@pytest.mark.parametrize("hops", range(7))
def test_truncation_and_its_exact_remainder(hops):
    B = routing.general(6)
    N, kept, left = series.inverse(B), series.neumann_series(B, hops), series.remainder(B, hops)
    assert (N - kept - left).applyfunc(sympy.expand).is_zero_matrix
    assert (left == sympy.zeros(6, 6)) == (hops >= 5)


def test_induction_step_for_symbolic_blocks():
    claims = series.bordering_step()
    assert list(claims) == [
        "the inverse from the right", "the inverse from the left", "the first power", "the next power", "I + B N = N",
    ]  # fmt: skip
    assert all(claims.values())


@pytest.mark.parametrize("bent", [lambda b, N: b, lambda b, N: -b * N, lambda b, N: 2 * b * N])
def test_another_row_fails_the_induction_step(bent):
    """One hop alone, a wrong sign, paths counted twice."""
    claims = series.bordering_step(bent)
    assert not claims["the inverse from the right"]
    assert not claims["the inverse from the left"]


def test_numbers_agree_with_the_reference():
    B = np.tril(np.random.default_rng(0).normal(size=(7, 7)), k=-1)
    exact = np.array(series.inverse(B).tolist(), dtype=np.float64)
    measured = solve.forward_substitution(B, np.eye(7))
    scale = solve.forward_substitution(np.abs(B), np.eye(7))
    # a path of up to 6 hops: a product and a sum of up to 6 terms at each
    assert np.all(np.abs(exact - measured) <= roundings(6 * 7) * scale)


def test_negative_hops():
    for function in (series.powers, series.neumann_series, series.remainder):
        with pytest.raises(ValueError, match="hops must not be negative, got -1"):
            function(routing.general(3), -1)
