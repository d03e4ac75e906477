import pytest
import sympy

from sessa_ref.symbolic import hops, paths, routing, series


@pytest.mark.parametrize("name", routing.ROUTINGS)
@pytest.mark.parametrize("T", [1, 2, 5, 7])
def test_generating_function(name, T):
    B = routing.ROUTINGS[name](T)
    G = hops.generating_function(B)
    assert ((sympy.eye(T) - hops.Z * B) * G - sympy.eye(T)).applyfunc(sympy.expand).is_zero_matrix
    assert G.subs(hops.Z, 1).applyfunc(sympy.expand) == series.inverse(B)
    for k, power in enumerate(series.powers(B)):
        assert G.applyfunc(lambda entry, k=k: sympy.expand(entry).coeff(hops.Z, k)) == power


def test_by_hops():
    B = routing.general(7)
    parts = hops.by_hops(B, 1, 6)
    assert parts == [paths.path_sum(B, 1, 6, k) for k in range(6)]
    assert hops.by_hops(B, 3, 3) == [1]


@pytest.mark.parametrize("name", ["general", "uniform"])
def test_shares_and_mean(name):
    B = routing.ROUTINGS[name](5)
    shares = hops.shares(B, 0, 4)
    assert sympy.cancel(sympy.Add(*shares)) == 1
    mean = hops.mean_hops(B, 0, 4)
    assert sympy.cancel(mean - sympy.Add(*(k * share for k, share in enumerate(shares)))) == 0
    G = hops.generating_function(B)[4, 0]
    assert sympy.cancel(mean - (sympy.diff(G, hops.Z) / G).subs(hops.Z, 1)) == 0
    assert sympy.cancel(mean - (sympy.diff(G, hops.Z) / G).subs(hops.Z, 0)) != 0


def test_known_shares():
    gamma = routing.GAMMA
    expected = [0, 2 / ((gamma + 1) * (gamma + 2)), 3 * gamma / ((gamma + 1) * (gamma + 2))]
    found = hops.shares(routing.uniform(4), 0, 3)
    assert all(sympy.cancel(a - b) == 0 for a, b in zip(found, expected, strict=False))
    assert hops.mean_hops(routing.predecessor(6), 1, 5) == 4


def test_no_influence():
    B = routing.predecessor(4)
    B[2, 1] = 0
    for function in (hops.shares, hops.mean_hops):
        with pytest.raises(ValueError, match="token 0 has no influence on token 3, so it arrives in no number of hops"):
            function(B, 0, 3)


def test_tokens_that_are_not_there():
    for source, target in ((-1, 2), (0, 3), (2, 1)):
        with pytest.raises(ValueError, match=r"(source|target) must"):
            hops.by_hops(routing.general(3), source, target)
