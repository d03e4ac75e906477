"""Derivatives of the solve as products of two path sums, and the adjoint as path sums on reversed time.

K is (I - B)^(-1). A path through the edge j -> i arrives at j, takes the edge, and goes on from i. No path takes an
edge twice, so the derivative with respect to b_ij is what arrives times what goes on.
"""

from typing import Any

import sympy

from sessa_ref.symbolic import series
from sessa_ref.symbolic.routing import check_tokens, checked


def influence_derivative(B: Any, source: int, target: int, edge: tuple[int, int]) -> sympy.Expr:
    """d K_{target, source} / d B_ij = K_{target, i} K_{j, source} for the edge (j, i), from token j to token i.

    Raises:
        ValueError: B is not strictly lower-triangular, or there are no such tokens, or no such edge.
    """
    j, i = edge
    K = _influences(B, edge)
    check_tokens(K.rows, source, target)
    return sympy.expand(K[target, i] * K[j, source])


def state_derivative(B: Any, f: Any, target: int, edge: tuple[int, int]) -> sympy.Matrix:
    """d s_target / d B_ij = K_{target, i} s_j for the edge (j, i): what goes on from i, times the state at j.

    Args:
        B: routing matrix, (T, T).
        f: right-hand side, (T, D).
        target: token whose state is differentiated.
        edge: (j, i) with j < i.

    Returns:
        A row of D entries.

    Raises:
        ValueError: as `influence_derivative`.
    """
    j, i = edge
    K = _influences(B, edge)
    check_tokens(K.rows, target, target)
    return (K[target, i] * (K[j, :] * sympy.Matrix(f))).applyfunc(sympy.expand)


def reversed_time(B: Any) -> sympy.Matrix:
    """B^T with rows and columns in reverse order: the edges are reversed, and time runs backwards.

    It is a routing matrix again, strictly lower-triangular.

    Raises:
        ValueError: B is not strictly lower-triangular.
    """
    return checked(B).T[::-1, ::-1]


def adjoint(B: Any, ds: Any) -> sympy.Matrix:
    """lambda = (I - B)^(-T) ds as path sums on reversed time: df, where ds is the gradient of s.

    lambda_t is the sum over all paths from t to later tokens i of weight * ds_i.

    Raises:
        ValueError: B is not strictly lower-triangular.
    """
    backwards: Any = series.inverse(reversed_time(B)) * sympy.Matrix(ds)[::-1, :]
    return backwards[::-1, :].applyfunc(sympy.expand)


def _influences(B: Any, edge: tuple[int, int]) -> Any:
    matrix = checked(B)
    j, i = edge
    check_tokens(matrix.rows, j, i)
    if i == j:
        raise ValueError(f"an edge must go from a token to a later one, got {edge}")
    return series.inverse(matrix)
