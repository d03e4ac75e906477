import re
from itertools import combinations

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.symbolic import paths, routing, series
from sessa_ref.symbolic.paths import Path


def counts_are_binomials(found, lag, binomial):
    return all(sum(path.hops == k for path in found) == binomial(lag - 1, k - 1) for k in range(1, lag + 1))


@given(st.integers(0, 5), st.integers(1, 9))
def test_every_path_once(source, lag):
    target = source + lag
    found = list(paths.enumerate_paths(source, target))
    assert len(found) == len(set(found)) == paths.count(lag) == 2 ** (lag - 1)
    assert counts_are_binomials(found, lag, sympy.binomial)
    assert all(path.nodes[0] == source and path.nodes[-1] == target for path in found)
    assert [path.hops for path in found] == sorted(path.hops for path in found), "few hops first"
    for k in range(lag + 2):
        assert len(list(paths.enumerate_paths(source, target, k))) == paths.count(lag, k)


@pytest.mark.parametrize("bent", [lambda n, k: sympy.binomial(n + 1, k), lambda n, k: sympy.binomial(n, k + 1)])
def test_wrong_binomials_do_not_count_paths(bent):
    assert not counts_are_binomials(list(paths.enumerate_paths(0, 6)), 6, bent)


@pytest.mark.parametrize("T", range(2, 9))
@pytest.mark.parametrize("name", ["general", "gains", "banded"])
def test_sum_over_paths_is_the_entry_of_the_power_and_of_the_inverse(name, T):
    B = routing.ROUTINGS[name](T)
    powers, N = series.powers(B), series.inverse(B)
    for tau, t in combinations(range(T), 2):
        assert paths.path_sum(B, tau, t) == N[t, tau]
        assert all(paths.path_sum(B, tau, t, k) == powers[k][t, tau] for k in range(T))


@pytest.mark.parametrize("T", [3, 5, 7])
def test_every_path_has_a_monomial_of_its_own(T):
    """So none can be missed, or counted twice, unseen."""
    B = routing.general(T)
    found = list(paths.enumerate_paths(0, T - 1))
    monomials = {path.weight(B) for path in found}
    assert len(monomials) == len(found) == 2 ** (T - 2)
    assert sympy.Add(*monomials) == series.inverse(B)[T - 1, 0]


@pytest.mark.parametrize("hops", range(5))
def test_truncation(hops):
    B = routing.general(6)
    kept, left = series.neumann_series(B, hops)[5, 0], series.remainder(B, hops)[5, 0]
    assert kept == sympy.Add(*(path.weight(B) for path in paths.enumerate_paths(0, 5) if path.hops <= hops))
    assert left == sympy.Add(*(path.weight(B) for path in paths.enumerate_paths(0, 5) if path.hops > hops))
    assert left != 0
    assert series.remainder(B, hops + 5)[5, 0] == 0


def test_a_path():
    path = Path((1, 3, 4))
    assert (path.hops, path.edges, str(path)) == (2, [(1, 3), (3, 4)], "1 → 3 → 4")
    assert path.weight(routing.general(5)) == sympy.Symbol("b_31") * sympy.Symbol("b_43")
    assert Path((2,)).weight(routing.general(5)) == 1
    for nodes in ((), (2, 2), (3, 1), (-1, 2)):
        with pytest.raises(ValueError, match="increasing tokens"):
            Path(nodes)


def test_no_lag():
    assert list(paths.enumerate_paths(2, 2)) == [Path((2,))]
    assert paths.count(0) == paths.count(0, 0) == 1
    assert paths.count(0, 1) == paths.count(3, 0) == 0


def test_too_many():
    with pytest.raises(paths.TooManyPathsError, match=r"2\^29 = 536,870,912 paths.*the matrix form"):
        paths.enumerate_paths(0, 30)
    with pytest.raises(paths.TooManyPathsError, match=r"binomial\(29, 14\) = 77,558,760 paths"):
        paths.enumerate_paths(0, 30, 15)
    assert len(list(paths.enumerate_paths(0, 30, 2))) == 29


def test_bad_arguments():
    B = routing.general(4)
    with pytest.raises(ValueError, match="target must not be before source, got source 3 and target 1"):
        paths.path_sum(B, 3, 1)
    with pytest.raises(ValueError, match="target must be one of the 4 tokens from 0 on, got 4"):
        paths.path_sum(B, 0, 4)
    with pytest.raises(ValueError, match="got source 3 and target 1"):
        paths.enumerate_paths(3, 1)
    with pytest.raises(ValueError, match="lag must not be negative, got -1"):
        paths.count(-1)
    with pytest.raises(ValueError, match="hops must not be negative, got -1"):
        paths.enumerate_paths(0, 3, -1)


@pytest.mark.parametrize(
    ("hops", "formula"), [(None, "2^99999999999999999998"), (7, "binomial(99999999999999999998, 6)")]
)
def test_numbers_that_nobody_would_wait_for(hops, formula):
    with pytest.raises(paths.TooManyPathsError, match=re.escape(f"there are {formula} paths, more than the 4,096")):
        paths.enumerate_paths(0, 10**20 - 1, hops)


def test_the_longest_lag_with_few_paths():
    (path,) = paths.enumerate_paths(0, 10**5, 1)
    assert path.edges == [(0, 10**5)]


def test_the_most_paths_that_are_listed():
    assert len(list(paths.enumerate_paths(0, 13))) == paths.LIMIT == 4096
    with pytest.raises(paths.TooManyPathsError, match=r"from token 3 to token 17 there are 2\^13 = 8,192 paths"):
        paths.enumerate_paths(3, 17)


def test_the_most_paths_of_two_hops_that_are_listed():
    assert len(list(paths.enumerate_paths(0, 4097, 2))) == 4096
    with pytest.raises(paths.TooManyPathsError, match=r"token 3 to token 4101 there are binomial\(4097, 1\) paths"):
        paths.enumerate_paths(3, 4101, 2)


def test_numbers_of_more_than_18_digits_are_not_written_out():
    with pytest.raises(paths.TooManyPathsError, match=r"2\^59 = 576,460,752,303,423,488 paths"):
        paths.enumerate_paths(0, 60)
    with pytest.raises(paths.TooManyPathsError, match=r"2\^60 paths"):
        paths.enumerate_paths(0, 61)


@pytest.mark.parametrize("lag", [13, 5000])
def test_the_path_through_all_tokens_is_one(lag):
    (path,) = paths.enumerate_paths(2, 2 + lag, lag)
    assert path.nodes == tuple(range(2, 3 + lag))
    assert not list(paths.enumerate_paths(2, 2 + lag, lag + 1))
