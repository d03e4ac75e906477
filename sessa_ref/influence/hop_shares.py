"""The influences on one token, divided by number of hops, for a matrix of numbers such as a trace's B.

The symbolic twin is `hops`. Here two triangular solves give influences and mean hops for all sources at once, and each
number of hops costs one product of a row and a matrix, which is fast for thousands of tokens.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy import linalg

from sessa_ref.notation import Array


@dataclass(frozen=True)
class HopShares:
    """Influences on one token by number of hops; sources are the tokens before it. K is (I - B)^(-1)."""

    target: int
    influence: Float64[Array, " sources"]
    """K_{target, source}: the effect of f_source on s_target."""
    parts: Float64[Array, "hops sources"]
    """Row k - 1: what arrives in exactly k hops, (B^k)_{target, source}."""
    beyond: Float64[Array, " sources"]
    """What arrives in more hops than `parts` has rows."""
    mean_hops: Float64[Array, " sources"]
    """(K B K)_{target, source} / K_{target, source}; NaN where there is no influence."""

    @property
    def shares(self) -> Float64[Array, "hops sources"]:
        """`parts` and, as last row, `beyond`, over `influence`: columns sum to 1, or are NaN without influence."""
        return _over(np.vstack([self.parts, self.beyond]), self.influence)


def by_hops(B: Float64[Array, "T T"], target: int, most_hops: int = 8) -> HopShares:
    """Sort the influences on token `target` by number of hops, up to `most_hops` one by one.

    With gains of both signs, weights of paths cancel and shares are signed; `by_hops(np.abs(B), ...)` counts
    magnitudes instead, whose shares lie between 0 and 1.

    Raises:
        ValueError: B is not a strictly lower-triangular matrix of finite numbers, there is no token `target`, or
            `most_hops` is negative.
    """
    if B.ndim != 2 or B.shape[0] != B.shape[1] or np.triu(B).any() or not np.isfinite(B).all():
        raise ValueError(f"B must be a strictly lower-triangular matrix of finite numbers, got shape {B.shape}")
    if not 0 <= target < len(B):
        raise ValueError(f"target must be one of the tokens 0 .. {len(B) - 1}, got {target}")
    if most_hops < 0:
        raise ValueError(f"most_hops must not be negative, got {most_hops}")
    edges, last = B[:target, :target], B[target, :target]
    influence = _times_inverse(last, edges)
    parts = np.zeros((min(most_hops, target), target))
    row = last
    for k in range(len(parts)):
        parts[k] = row
        row = row @ edges
    # `row` holds the paths of the next number of hops; all longer paths extend these.
    return HopShares(
        target, influence, parts, _times_inverse(row, edges), _over(_times_inverse(influence, edges), influence)
    )


def _times_inverse(row: Float64[Array, " n"], edges: Float64[Array, "n n"]) -> Float64[Array, " n"]:
    """Row (I - edges)^(-1)."""
    matrix = np.eye(len(edges)) - edges
    return linalg.solve_triangular(matrix, row, trans=1, lower=True) if len(row) else row


def _over(parts: Array, whole: Float64[Array, " sources"]) -> Array:
    return np.divide(parts, whole, out=np.full(parts.shape, np.nan), where=whole != 0)
