"""The increasing paths tau = i_0 < ... < i_k = t as objects, their counts, and their sum (5).

Enumeration is for small lags: there are 2^(lag - 1) paths. Beyond `LIMIT` of them `TooManyPathsError` says how
many there would be; `series`, `hops` and `sessa_ref.certified.exact` sum them all without listing them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import sympy

from sessa_ref.symbolic.routing import check_tokens, checked

LIMIT = 2**12
"""The most paths that are listed."""


class TooManyPathsError(ValueError):
    """There are too many paths to list."""


@dataclass(frozen=True)
class Path:
    """One increasing path of tokens.

    Raises:
        ValueError: there is no node, or they do not increase.
    """

    nodes: tuple[int, ...]
    """Tokens from the source to the target, both included."""

    def __post_init__(self) -> None:
        if not self.nodes or self.nodes[0] < 0 or any(i >= j for i, j in self.edges):
            raise ValueError(f"a path must visit increasing tokens, got {self.nodes}")

    @property
    def edges(self) -> list[tuple[int, int]]:
        """The hops (j, t), each from a token j to a later one t."""
        return list(pairwise(self.nodes))

    @property
    def hops(self) -> int:
        """Number of edges, k."""
        return len(self.nodes) - 1

    def weight(self, B: Any) -> sympy.Expr:
        """The product of B_tj over the edges (5); 1 for the path that stays where it is."""
        return sympy.Mul(*(B[t, j] for j, t in self.edges))

    def __str__(self) -> str:
        return " → ".join(map(str, self.nodes))


def count(lag: int, hops: int | None = None) -> int:
    """Number of increasing paths over a lag: binomial(lag - 1, hops - 1), and 2^(lag - 1) of any length.

    A choice of hops - 1 stops among the lag - 1 tokens between. Over lag 0 there is one path, of no hops.

    Raises:
        ValueError: lag or hops is negative.
    """
    for name, value in (("lag", lag), ("hops", hops or 0)):
        if value < 0:
            raise ValueError(f"{name} must not be negative, got {value}")
    if lag == 0 or hops == 0:
        return int(lag == 0 and not hops)
    return 2 ** (lag - 1) if hops is None else math.comb(lag - 1, hops - 1)


def enumerate_paths(source: int, target: int, hops: int | None = None) -> Iterator[Path]:
    """All increasing paths from source to target, those of few hops first; with `hops`, of that length only.

    Raises:
        ValueError: `source` is negative, `target` is before it, or `hops` is negative.
        TooManyPathsError: there are more than `LIMIT`.
    """
    if not 0 <= source <= target:
        raise ValueError(f"0 <= source <= target is needed, got source {source} and target {target}")
    number = _count_if_short(target - source, hops)
    if number is None or number > LIMIT:
        formula = f"2^{target - source - 1}" if hops is None else f"binomial({target - source - 1}, {hops - 1})"
        value = "" if number is None else f" = {number:,}"
        raise TooManyPathsError(
            f"from token {source} to token {target} there are {formula}{value} paths, more than the {LIMIT:,} "
            f"that can be listed; the matrix form sums them without listing them"
        )
    return _enumerate(source, target, range(target - source + 1) if hops is None else [hops])


def _count_if_short(lag: int, hops: int | None) -> int | None:
    """`count`, or None where the number itself would be too long to compute and to read."""
    stops = lag - 1
    # Both 2^stops and binomial(stops, m) with 0 < m < stops are at least `stops`.
    if stops > LIMIT and (hops is None or 1 < hops < lag):
        return None
    number = count(lag, hops)
    return number if number < 10**18 else None


def _enumerate(source: int, target: int, lengths: Any) -> Iterator[Path]:
    for k in lengths:
        if source == target or k == 0:
            if source == target and k == 0:
                yield Path((source,))
            continue
        for stops in combinations(range(source + 1, target), k - 1):
            yield Path((source, *stops, target))


def path_sum(B: Any, source: int, target: int, hops: int | None = None) -> sympy.Expr:
    """The sum of the paths' weights, expanded: (B^hops)_{target, source}, or the same entry of (I - B)^(-1).

    Raises:
        ValueError: B is not strictly lower-triangular, or there are no such tokens.
        TooManyPathsError: there are more than `LIMIT` paths.
    """
    matrix = checked(B)
    check_tokens(matrix.rows, source, target)
    return sympy.expand(sympy.Add(*(path.weight(matrix) for path in enumerate_paths(source, target, hops))))
