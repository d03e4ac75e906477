"""The influence of one token on another, sorted by hops: what `text` and `latex` print."""

from dataclasses import dataclass
from typing import Any

import sympy
from sympy.matrices.expressions.matexpr import MatrixElement

from sessa_ref.symbolic import hops, paths
from sessa_ref.symbolic.routing import check_tokens, checked


@dataclass(frozen=True)
class Group:
    """All paths of one length."""

    hops: int
    count: int
    """How many paths there are along edges that B has."""
    terms: list[Any]
    """Their weights one by one, or their sum as the only one."""


@dataclass(frozen=True)
class Expansion:
    """K_{target, source} = ((I - B)^(-1))_{target, source} by number of hops; lengths without paths are left out."""

    source: int
    target: int
    groups: list[Group]
    total: Any
    """The sum of all weights; factored if it has one symbol, and an entry of the inverse if it is too long."""

    @property
    def count(self) -> int:
        """Number of paths."""
        return sum(group.count for group in self.groups)


def by_paths(B: Any, source: int, target: int) -> Expansion:
    """Path by path; equal monomials are added up.

    Raises:
        ValueError: B is not strictly lower-triangular, or there are no such tokens.
        TooManyPathsError: there are too many paths to list.
    """
    matrix = checked(B)
    check_tokens(matrix.rows, source, target)
    weights: dict[int, list[Any]] = {}
    for path in paths.enumerate_paths(source, target):
        weight = path.weight(matrix)
        if weight != 0:
            weights.setdefault(path.hops, []).append(weight)
    groups = [Group(k, len(terms), _joined(terms)) for k, terms in weights.items()]
    return Expansion(source, target, groups, _total(groups))


def by_powers(B: Any, source: int, target: int) -> Expansion:
    """By powers of B, at any lag. Only matrices of at most one symbol are multiplied out.

    With more symbols the sums would have as many terms as there are paths; they stay entries of powers of B.

    Raises:
        ValueError: B is not strictly lower-triangular, or there are no such tokens.
    """
    matrix = checked(B)
    check_tokens(matrix.rows, source, target)
    counts = hops.by_hops(matrix.applyfunc(lambda entry: sympy.Integer(entry != 0)), source, target)
    if len(matrix.free_symbols) <= 1:
        sums: list[Any] = hops.by_hops(matrix, source, target)
        groups = [Group(k, int(n), [sums[k]]) for k, n in enumerate(counts) if n]
        return Expansion(source, target, groups, _total(groups))
    symbol = sympy.MatrixSymbol("B", *matrix.shape)
    groups = [Group(k, int(n), [MatrixElement(symbol**k, target, source)]) for k, n in enumerate(counts) if n]
    inverse = sympy.Inverse(sympy.Identity(matrix.rows) - symbol)
    return Expansion(source, target, groups, MatrixElement(inverse, target, source))


def _joined(weights: list[Any]) -> list[Any]:
    distinct = {weight / weight.as_coeff_Mul()[0] for weight in weights}
    return weights if len(distinct) == len(weights) else [sympy.expand(sympy.Add(*weights))]


def _total(groups: list[Group]) -> Any:
    whole = sympy.Add(*(term for group in groups for term in group.terms))
    return sympy.factor(whole) if len(whole.free_symbols) <= 1 else whole
