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
