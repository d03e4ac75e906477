import numpy as np
import pytest
import sympy

from sessa_ref.symbolic import routing


@pytest.mark.parametrize("name", routing.ROUTINGS)
@pytest.mark.parametrize("T", [0, 1, 2, 6, 12])
def test_every_routing_is_strictly_lower_triangular(name, T):
    B = routing.ROUTINGS[name](T)
    assert B.shape == (T, T)
    assert routing.checked(B) == B
    assert all(B[t, j] == 0 for t in range(T) for j in range(t, T))


def test_entries():
    assert routing.general(3)[2, 1] == sympy.Symbol("b_21")
    assert routing.gain_times_weights(3)[2, 1] == sympy.Symbol("gamma_2") * sympy.Symbol("alpha_21")
    assert routing.uniform(4)[3, 0] == routing.GAMMA / 3
    assert routing.predecessor(4)[3, 2] == routing.GAMMA
    assert routing.predecessor(4)[3, 1] == 0
    banded = routing.banded(5, 2)
    assert banded[4, 2] != 0
    assert banded[4, 1] == 0
    assert routing.banded(5, 1) == sympy.Matrix(5, 5, lambda t, j: routing.general(5)[t, j] if t == j + 1 else 0)


def test_indices_of_two_digits_cannot_be_confused():
    names = [symbol.name for symbol in routing.general(12).free_symbols]
    assert len(names) == 66
    assert {"b_11,1", "b_1,0"} <= set(names)
    assert routing.general(10)[9, 8] == sympy.Symbol("b_98")
    assert routing.general(11)[9, 8] == sympy.Symbol("b_9,8")
    assert routing.gain_times_weights(11)[10, 1] == sympy.Symbol("gamma_10") * sympy.Symbol("alpha_10,1")


def test_floats_become_the_rationals_they_are():
    B = routing.checked(np.array([[0.0, 0.0], [0.1, 0.0]]))
    assert B[1, 0] == sympy.Rational(3602879701896397, 2**55)
    assert B[1, 0] != sympy.Rational(1, 10)


@pytest.mark.parametrize(
    ("B", "message"),
    [
        (sympy.eye(2), "strictly lower-triangular, got 1 in row 0, column 0"),
        (sympy.Matrix([[0, 2], [0, 0]]), "got 2 in row 0, column 1"),
        (sympy.zeros(2, 3), r"B must be square, got shape \(2, 3\)"),
    ],
)
def test_what_is_no_routing_matrix(B, message):
    with pytest.raises(ValueError, match=message):
        routing.checked(B)


def test_tokens_that_are_not_there():
    routing.check_tokens(3, 0, 2)
    routing.check_tokens(3, 2, 2)
    for source, target, message in (
        (-1, 2, "source must be one of the 3 tokens from 0 on, got -1"),
        (0, 3, "target must be one of the 3 tokens from 0 on, got 3"),
        (2, 1, "target must not be before source, got source 2 and target 1"),
    ):
        with pytest.raises(ValueError, match=f"^{message}$"):
            routing.check_tokens(3, source, target)


def test_bad_arguments():
    for name in routing.ROUTINGS:
        with pytest.raises(ValueError, match="T must not be negative, got -1"):
            routing.ROUTINGS[name](-1)
    with pytest.raises(ValueError, match="band must be positive, got 0"):
        routing.banded(3, 0)


def test_numbers_for_symbols():
    B = routing.numbers(routing.uniform(3), {routing.GAMMA: sympy.Rational(1, 2)})
    assert B[2, 0] == sympy.Rational(1, 4)
    assert routing.numbers(routing.general(3), {})[2, 1] == 1
