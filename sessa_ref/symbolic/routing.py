"""Routing matrices B of length T with symbols in them, and the check that a matrix is a routing matrix (3).

Row t of B holds the weights of the edges j -> t, j < t; nothing lies on or above the diagonal.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sympy

GAMMA = sympy.Symbol("gamma", real=True)
"""A gain that all tokens share."""


def general(T: int) -> sympy.Matrix:
    """Entries b_tj for j < t, one free symbol each.

    Raises:
        ValueError: T is negative.
    """
    return _strictly_lower(T, lambda t, j: sympy.Symbol(f"b_{_index(T, t, j)}"))


def gain_times_weights(T: int) -> sympy.Matrix:
    """B_tj = gamma_t alpha_tj (19): a gain for each token times free weights.

    Raises:
        ValueError: T is negative.
    """

    def entry(t: int, j: int) -> sympy.Expr:
        return sympy.Symbol(f"gamma_{t}") * sympy.Symbol(f"alpha_{_index(T, t, j)}")

    return _strictly_lower(T, entry)


def uniform(T: int, gamma: Any = GAMMA) -> sympy.Matrix:
    """B_tj = gamma / t for j < t: uniform routing with a constant gain (Proposition 29).

    Raises:
        ValueError: T is negative.
    """
    return _strictly_lower(T, lambda t, j: sympy.sympify(gamma) / t)


def predecessor(T: int, gamma: Any = GAMMA) -> sympy.Matrix:
    """B_tj = gamma for j = t - 1 and 0 elsewhere: every token reads the one before it alone.

    Raises:
        ValueError: T is negative.
    """
    return _strictly_lower(T, lambda t, j: sympy.sympify(gamma) if j == t - 1 else sympy.Integer(0))


def banded(T: int, band: int = 2) -> sympy.Matrix:
    """Entries b_tj for t - band <= j < t: no edge is longer than `band`.

    Raises:
        ValueError: T is negative, or `band` is not positive.
    """
    if band < 1:
        raise ValueError(f"band must be positive, got {band}")
    free = general(T)
    return _strictly_lower(T, lambda t, j: free[t, j] if t - j <= band else sympy.Integer(0))


ROUTINGS: dict[str, Callable[[int], sympy.Matrix]] = {
    "general": general,
    "gains": gain_times_weights,
    "uniform": uniform,
    "predecessor": predecessor,
    "banded": banded,
}
"""The structures under short names, as functions of T."""


def checked(B: Any) -> sympy.Matrix:
    """`B`, a matrix or an array, as an exact SymPy matrix: floating-point numbers become the rationals that they are exactly.

    Raises:
        ValueError: B is not square, or has an entry on or above the diagonal, where no increasing path has
            an edge.
    """
    matrix = sympy.Matrix(B).applyfunc(_exact)
    if matrix.rows != matrix.cols:
        raise ValueError(f"B must be square, got shape {matrix.shape}")
    for t in range(matrix.rows):
        for j in range(t, matrix.cols):
            if matrix[t, j] != 0:
                raise ValueError(f"B must be strictly lower-triangular, got {matrix[t, j]} in row {t}, column {j}")
    return matrix


def check_tokens(T: int, source: int, target: int) -> None:
    """Refuse tokens that are not there and targets before their source.

    Raises:
        ValueError: not 0 <= source <= target < T.
    """
    for name, token in (("source", source), ("target", target)):
        if not 0 <= token < T:
            raise ValueError(f"{name} must be one of the {T} tokens from 0 on, got {token}")
    if target < source:
        raise ValueError(f"target must not be before source, got source {source} and target {target}")


def numbers(B: Any, values: Mapping[Any, Any]) -> sympy.Matrix:
    """`B` with numbers for its symbols; a symbol without one in `values` counts as 1.

    Raises:
        ValueError: B is not strictly lower-triangular.
    """
    matrix = checked(B).xreplace({symbol: sympy.sympify(value) for symbol, value in values.items()})
    return checked(matrix.xreplace(dict.fromkeys(matrix.free_symbols, sympy.Integer(1))))


def _exact(entry: Any) -> Any:
    return entry.xreplace({number: sympy.Rational(number) for number in entry.atoms(sympy.Float)})


def _strictly_lower(T: int, entry: Callable[[int, int], Any]) -> sympy.Matrix:
    if T < 0:
        raise ValueError(f"T must not be negative, got {T}")
    return sympy.Matrix(T, T, lambda t, j: entry(int(t), int(j)) if j < t else sympy.Integer(0))


def _index(T: int, t: int, j: int) -> str:
    """The index pair; digits run together where one digit is enough for each, as the paper's B_tj."""
    return f"{t}{j}" if T <= 10 else f"{t},{j}"
