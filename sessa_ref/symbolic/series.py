"""Powers of B, the finite Neumann series and the inverse of I - B (4), Lemma I.7; and why they agree for all T.

Entries come out expanded, so that two of them are equal exactly where they look the same: expanded
polynomials are a normal form.
"""

import operator
from collections.abc import Callable
from typing import Any

import sympy
from sympy.polys.matrices import DomainMatrix

from sessa_ref.symbolic.routing import checked


def powers(B: Any, hops: int | None = None) -> list[sympy.Matrix]:
    """[I, B, B^2, ..., B^hops], up to B^(T - 1), the last that can differ from 0, by default.

    Raises:
        ValueError: B is not strictly lower-triangular, or `hops` is negative.
    """
    matrix = _domain(checked(B))
    result = [_identity(matrix)]
    for _ in range(_last(matrix, hops)):
        result.append(result[-1] * matrix)
    return [power.to_Matrix() for power in result]


def nilpotency_index(B: Any) -> int:
    """The smallest k with B^k = 0; at most T, and T exactly where no edge t - 1 -> t is missing.

    Raises:
        ValueError: B is not strictly lower-triangular.
    """
    matrix = checked(B)
    return next(k for k, power in enumerate(powers(matrix, matrix.rows)) if power == 0 * power)


def neumann_series(B: Any, hops: int | None = None) -> sympy.Matrix:
    """Sum of B^k for k = 0 .. hops; all of (I - B)^(-1) by default (4).

    Raises:
        ValueError: B is not strictly lower-triangular, or `hops` is negative.
    """
    matrix = _domain(checked(B))
    total = term = _identity(matrix)
    for _ in range(_last(matrix, hops)):
        term = term * matrix
        total = total + term
    return total.to_Matrix()


def inverse(B: Any) -> sympy.Matrix:
    """(I - B)^(-1) row by row, by the recurrence (22): row t is e_t plus the sum over j < t of B_tj row_j.

    No power of B is formed.

    Raises:
        ValueError: B is not strictly lower-triangular.
    """
    matrix = _domain(checked(B))
    edges, domain = matrix.to_list(), matrix.domain
    rows: list[list[Any]] = []
    for t, row in enumerate(_identity(matrix).to_list()):
        for j in range(t):
            row = [entry + edges[t][j] * prolonged for entry, prolonged in zip(row, rows[j], strict=True)]
        rows.append(row)
    return DomainMatrix(rows, matrix.shape, domain).to_Matrix()


def remainder(B: Any, hops: int) -> sympy.Matrix:
    """What truncation after `hops` leaves out, exactly: B^(hops + 1) (I - B)^(-1).

    Raises:
        ValueError: B is not strictly lower-triangular, or `hops` is negative.
    """
    if hops < 0:
        raise ValueError(f"hops must not be negative, got {hops}")
    matrix = _domain(checked(B))
    return (matrix ** (hops + 1) * _domain(inverse(B)).convert_to(matrix.domain)).to_Matrix()


def bordering_step(new_row: Callable[[Any, Any], Any] = operator.mul) -> dict[str, bool]:
    """The induction step from T to T + 1 for symbolic T and blocks; each claim, and whether SymPy confirms it.

    A new token adds a row b to B: B' = [[B, 0], [b, 0]]. Claims, with N = (I - B)^(-1):

    - (I - B') [[N, 0], [b N, 1]] = I from both sides: the new row of the inverse is every path to a token j,
      prolonged by the edge from j to the new token;
    - B'^1 = [[B, 0], [b, 0]] and B'^k B' = B'^(k + 1) with B'^k = [[B^k, 0], [b B^(k - 1), 0]], k symbolic;
      so B'^(T + 1) = 0 where B^T = 0;
    - with N = I + B N, the sum of B'^k, k = 0 .. T, whose lower-left block is b (I + B + ... + B^(T - 1)), is the
      inverse for T + 1 where I + B + ... + B^(T - 1) = N.

    The induction begins at T = 1, where B = 0.

    Args:
        new_row: the claimed new row of the inverse as a function of b and N; b N, which is right, by default.
    """
    T, k = sympy.symbols("T k", integer=True, positive=True)
    B, b = sympy.MatrixSymbol("B", T, T), sympy.MatrixSymbol("b", 1, T)
    N = sympy.Inverse(sympy.Identity(T) - B)
    one = sympy.Identity(1)
    identity = _blocks(sympy.Identity(T), sympy.ZeroMatrix(1, T), one)
    bordered, minus = _blocks(B, b, 0 * one), _blocks(sympy.Identity(T) - B, -b, one)
    inverse_there = _blocks(N, new_row(b, N), one)

    def power(exponent: Any) -> sympy.BlockMatrix:
        return _blocks(B**exponent, b * B ** (exponent - 1), 0 * one)

    return {
        "the inverse from the right": _equal(minus * inverse_there, identity),
        "the inverse from the left": _equal(inverse_there * minus, identity),
        "the first power": _equal(power(1), bordered),
        "the next power": _equal(power(k) * bordered, power(k + 1)),
        "I + B N = N": (sympy.Identity(T) - B) * N == sympy.Identity(T),
    }


def _blocks(corner: Any, row: Any, last: Any) -> sympy.BlockMatrix:
    return sympy.BlockMatrix([[corner, sympy.ZeroMatrix(corner.rows, 1)], [row, last]])


def _equal(left: Any, right: Any) -> bool:
    left, right = (sympy.block_collapse(side).doit() for side in (left, right))
    return left.blocks.applyfunc(lambda block: block.doit()) == right.blocks.applyfunc(lambda block: block.doit())


def _domain(matrix: sympy.Matrix) -> DomainMatrix:
    """The matrix over a ring of polynomials, whose elements are expanded."""
    return DomainMatrix.from_Matrix(matrix)


def _identity(matrix: DomainMatrix) -> DomainMatrix:
    return DomainMatrix.eye(matrix.shape[0], matrix.domain)


def _last(matrix: DomainMatrix, hops: int | None) -> int:
    if hops is not None and hops < 0:
        raise ValueError(f"hops must not be negative, got {hops}")
    return matrix.shape[0] - 1 if hops is None else hops
