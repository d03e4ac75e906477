from itertools import combinations

import pytest
import sympy

from sessa_ref.symbolic import derivatives, routing, series

T = 5
B = routing.general(T)
EDGES = list(combinations(range(T), 2))


@pytest.mark.parametrize("edge", EDGES)
def test_an_influence_by_an_edge(edge):
    j, i = edge
    K = series.inverse(B)
    for source, target in EDGES:
        wanted = sympy.expand(sympy.diff(K[target, source], B[i, j]))
        assert derivatives.influence_derivative(B, source, target, edge) == wanted


def test_one_path_sum_alone_is_not_the_derivative():
    K = series.inverse(B)
    assert sympy.expand(sympy.diff(K[4, 0], B[3, 1]) - K[4, 3]) != 0


def test_a_state_by_an_edge():
    f = sympy.Matrix(T, 2, lambda t, d: sympy.Symbol(f"f_{t}{d}"))
    s = series.inverse(B) * f
    for edge in EDGES:
        for target in range(T):
            wanted = s[target, :].diff(B[edge[1], edge[0]]).applyfunc(sympy.expand)
            assert derivatives.state_derivative(B, f, target, edge) == wanted


@pytest.mark.parametrize("name", routing.ROUTINGS)
def test_adjoint(name):
    """(I - B)^T lambda = ds, by path sums on reversed time."""
    matrix = routing.ROUTINGS[name](T)
    ds = sympy.Matrix(T, 1, lambda t, _: sympy.Symbol(f"d_{t}"))
    adjoint = derivatives.adjoint(matrix, ds)
    defect = (sympy.eye(T) - matrix).T * adjoint - ds
    assert defect.applyfunc(sympy.expand) == sympy.zeros(T, 1)
    wrong = (sympy.eye(T) - matrix) * adjoint - ds
    assert wrong.applyfunc(sympy.expand) != sympy.zeros(T, 1)


def test_reversed_time():
    backwards = derivatives.reversed_time(B)
    assert routing.checked(backwards) == backwards
    assert backwards[4, 0] == B[4, 0]
    assert backwards[1, 0] == B[4, 3]
    assert derivatives.reversed_time(backwards) == B


def test_what_is_no_edge():
    for edge, message in (
        ((2, 2), "an edge must go from a token to a later one"),
        ((3, 1), "target must not be before source"),
        ((0, 7), "target must be one of the 5 tokens"),
    ):
        with pytest.raises(ValueError, match=message):
            derivatives.influence_derivative(B, 0, 4, edge)
    with pytest.raises(ValueError, match=r"to a later one, got \(2, 2\)$"):
        derivatives.state_derivative(B, sympy.zeros(T, 1), 4, (2, 2))


@pytest.mark.parametrize("target", [-1, 5])
def test_tokens_that_are_not_there(target):
    message = f"target must be one of the 5 tokens from 0 on, got {target}"
    with pytest.raises(ValueError, match=message):
        derivatives.influence_derivative(B, 0, target, (0, 1))
    with pytest.raises(ValueError, match=message.replace("target", "source")):
        derivatives.state_derivative(B, sympy.zeros(T, 1), target, (0, 1))
    with pytest.raises(ValueError, match="target must not be before source, got source 3 and target 2"):
        derivatives.influence_derivative(B, 3, 2, (0, 1))
