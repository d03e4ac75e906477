import pytest
import sympy

from sessa_ref.symbolic import expansion, paths, routing, series


@pytest.mark.parametrize("name", routing.ROUTINGS)
@pytest.mark.parametrize("T", [1, 2, 5])
def test_groups_add_up(name, T):
    B = routing.ROUTINGS[name](T)
    found = expansion.by_paths(B, 0, T - 1)
    entry = series.inverse(B)[T - 1, 0]
    assert sympy.expand(found.total - entry) == 0
    powers = series.powers(B)
    for group in found.groups:
        assert sympy.expand(sympy.Add(*group.terms) - powers[group.hops][T - 1, 0]) == 0
    again = expansion.by_powers(B, 0, T - 1)
    assert [(g.hops, g.count) for g in again.groups] == [(g.hops, g.count) for g in found.groups]
    if len(B.free_symbols) <= 1:
        assert sympy.expand(again.total - entry) == 0


def test_only_paths_along_edges_count():
    assert expansion.by_paths(routing.general(5), 0, 4).count == 8
    assert expansion.by_paths(routing.predecessor(5), 0, 4).count == 1
    assert expansion.by_paths(routing.banded(5), 0, 4).count == 5, "steps of one and two: a Fibonacci number"


def test_many_symbols_stay_entries_of_powers():
    found = expansion.by_powers(routing.general(40), 0, 39)
    assert found.count == 2**38
    assert str(found.groups[2].terms[0]) == "(B**3)[39, 0]"
    with pytest.raises(paths.TooManyPathsError):
        expansion.by_paths(routing.general(40), 0, 39)
    assert str(found.total) == "((I - B)**(-1))[39, 0]"


def test_weights_of_paths_stand_one_by_one_but_equal_monomials_are_added_up():
    b = {(t, j): sympy.Symbol(f"b_{t}{j}") for t in range(4) for j in range(t)}
    found = expansion.by_paths(routing.general(4), 0, 3)
    assert [(g.hops, g.count, g.terms) for g in found.groups] == [
        (1, 1, [b[3, 0]]),
        (2, 2, [b[1, 0] * b[3, 1], b[2, 0] * b[3, 2]]),
        (3, 1, [b[1, 0] * b[2, 1] * b[3, 2]]),
    ]
    gamma = routing.GAMMA
    found = expansion.by_paths(routing.uniform(4), 0, 3)
    assert [(g.hops, g.count, g.terms) for g in found.groups] == [
        (1, 1, [gamma / 3]),
        (2, 2, [gamma**2 / 2]),
        (3, 1, [gamma**3 / 6]),
    ]
    assert (found.source, found.target, found.count) == (0, 3, 4)


def test_a_sum_of_one_symbol_is_factored():
    gamma = routing.GAMMA
    for function in (expansion.by_paths, expansion.by_powers):
        found = function(routing.uniform(4), 0, 3)
        assert (found.source, found.target) == (0, 3)
        total = found.total
        assert total == gamma * (gamma + 1) * (gamma + 2) / 6
        assert total.is_Mul
    b, c = sympy.symbols("b c")
    two = sympy.Matrix([[0, 0, 0], [b, 0, 0], [b, c, 0]])
    assert expansion.by_paths(two, 0, 2).total == b + b * c
    assert str(expansion.by_powers(two, 0, 2).total) == "((I - B)**(-1))[2, 0]"


@pytest.mark.parametrize("function", [expansion.by_paths, expansion.by_powers])
def test_bad_arguments(function):
    with pytest.raises(ValueError, match="source must be one of the 3 tokens from 0 on, got -1"):
        function(routing.general(3), -1, 2)
    with pytest.raises(ValueError, match="target must be one of the 3 tokens from 0 on, got 3"):
        function(routing.general(3), 0, 3)
    with pytest.raises(ValueError, match="strictly lower-triangular"):
        function(sympy.eye(3), 0, 2)
