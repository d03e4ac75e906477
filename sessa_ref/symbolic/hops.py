"""How many hops an influence took: the generating function (I - zB)^(-1), shares and means.

The entry (t, tau) of (I - zB)^(-1) is the sum over k of z^k (B^k)_{t, tau}: each path counted with z to the power of
its hops. At z = 1 it is the influence; the logarithmic derivative there is the mean number of hops.

Gains of both signs make weights of both signs. Shares then still sum to 1, but they are signed, and a mean
number of hops lies between the smallest and the largest only where all weights have one sign.
"""

from typing import Any

import sympy
from sympy.polys.matrices import DomainMatrix

from sessa_ref.symbolic import series
from sessa_ref.symbolic.routing import check_tokens, checked

Z = sympy.Symbol("z")
"""Marks a hop."""


def generating_function(B: Any, z: Any = Z) -> sympy.Matrix:
    """(I - zB)^(-1) for a strictly lower-triangular B, a polynomial in z in each entry.

    Raises:
        ValueError: B is not strictly lower-triangular.
    """
    return series.inverse(z * checked(B))


def by_hops(B: Any, source: int, target: int) -> list[sympy.Expr]:
    """(B^k)_{target, source} for k = 0 .. target - source: what arrives in exactly k hops.

    Raises:
        ValueError: B is not strictly lower-triangular, or there are no such tokens.
    """
    matrix = checked(B)
    check_tokens(matrix.rows, source, target)
    # Only the tokens between the two can be on a path from one to the other.
    between = DomainMatrix.from_Matrix(matrix[source : target + 1, source : target + 1])
    arrived: Any = DomainMatrix.eye(between.shape[0], between.domain)[:, :1]
    parts = []
    for _ in range(between.shape[0]):
        parts.append(arrived.to_Matrix()[-1, 0])
        arrived = between * arrived
    return parts


def shares(B: Any, source: int, target: int) -> list[sympy.Expr]:
    """The same as parts of the whole: they sum to 1.

    Raises:
        ValueError: as `by_hops`, or the influence is 0, so that there is nothing to divide.
    """
    parts = by_hops(B, source, target)
    whole = _influence(parts, source, target)
    return [sympy.factor(part / whole) for part in parts]


def mean_hops(B: Any, source: int, target: int) -> sympy.Expr:
    """The mean number of hops of an influence: d/dz of the logarithm of its generating function at z = 1.

    Raises:
        ValueError: as `shares`.
    """
    parts = by_hops(B, source, target)
    whole = _influence(parts, source, target)
    return sympy.factor(sympy.Add(*(k * part for k, part in enumerate(parts))) / whole)


def _influence(parts: list[sympy.Expr], source: int, target: int) -> sympy.Expr:
    whole = sympy.expand(sympy.Add(*parts))
    if whole == 0:
        raise ValueError(f"token {source} has no influence on token {target}, so it arrives in no number of hops")
    return whole
