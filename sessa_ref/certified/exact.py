"""The solve and its path sums in exact rationals, for any length; matrices are flint's `fmpq_mat`.

Every float64 number is a rational number and is taken exactly. No rounding happens anywhere here, so equality
means equality. Denominators grow with the length and with the bits of the entries.
"""

from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat


def rational(array: Any) -> fmpq_mat:
    """An array, or nested lists, of floats, integers, `Fraction` objects or SymPy rationals as exact rationals.

    Raises:
        ValueError: there are not two axes, or a number is NaN or infinite.
        TypeError: an entry is no rational number, or the array is masked.
    """
    if isinstance(array, fmpq_mat):
        return array
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError("a matrix must be a plain array, got a masked array, whose mask would be ignored")
    entries = np.asarray(array, dtype=object)
    if entries.ndim != 2:
        raise ValueError(f"a matrix must have two axes, got shape {entries.shape}")
    return fmpq_mat(entries.shape[0], entries.shape[1], [_rational(entry) for entry in entries.ravel()])


def solve(B: Any, f: Any) -> fmpq_mat:
    """s with (I - B) s = f by the recurrence (21), (22), exactly.

    Args:
        B: routing matrix, (T, T), of rationals as `rational` takes them.
        f: right-hand side, (T, D).

    Raises:
        ValueError: B is not strictly lower-triangular, or f does not have T rows.
        TypeError: an entry is no rational number.
    """
    matrix, signal = _checked(B), rational(f)
    T, D = matrix.nrows(), signal.ncols()
    if signal.nrows() != T:
        raise ValueError(f"f must have one row for each of the {T} tokens, got {signal.nrows()}")
    edges, rows = matrix.tolist(), signal.tolist()
    s: list[fmpq] = []
    for t in range(T):
        arrived = fmpq_mat(1, t, edges[t][:t]) * fmpq_mat(t, D, s)
        s.extend(own + routed for own, routed in zip(rows[t], arrived.entries(), strict=True))
    return fmpq_mat(T, D, s)


def inverse(B: Any) -> fmpq_mat:
    """(I - B)^(-1): the sum over all paths from tau to t in row t, column tau.

    Raises:
        ValueError, TypeError: as `solve`.
    """
    matrix = _checked(B)
    return solve(matrix, _identity(matrix.nrows()))


def neumann_series(B: Any, hops: int | None = None) -> fmpq_mat:
    """The sum of B^k for k = 0 .. hops: all paths of at most that many hops; all paths by default.

    Raises:
        ValueError, TypeError: as `solve`, or `hops` is negative.
    """
    if hops is not None and hops < 0:
        raise ValueError(f"hops must not be negative, got {hops}")
    matrix = _checked(B)
    total = term = _identity(matrix.nrows())
    longest = matrix.nrows() - 1
    for _ in range(longest if hops is None else min(hops, longest)):
        term = matrix * term
        total = total + term
    return total


def by_hops(B: Any, source: int, target: int) -> list[fmpq]:
    """(B^k)_{target, source} for k = 0 .. target - source: the paths' weights, summed for each number of hops.

    Raises:
        ValueError, TypeError: as `solve`, or not 0 <= source <= target < T.
    """
    matrix = _checked(B)
    T = matrix.nrows()
    if not 0 <= source <= target < T:
        raise ValueError(f"0 <= source <= target < {T} is needed, got source {source} and target {target}")
    arrived = fmpq_mat(T, 1, [int(t == source) for t in range(T)])
    parts = []
    for _ in range(target - source + 1):
        parts.append(arrived[target, 0])
        arrived = matrix * arrived
    return parts


def to_fractions(matrix: fmpq_mat) -> list[list[Fraction]]:
    """The rows of a matrix as Python's fractions."""
    return [[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in matrix.tolist()]


def _checked(B: Any) -> fmpq_mat:
    matrix = rational(B)
    if matrix.nrows() != matrix.ncols():
        raise ValueError(f"B must be square, got shape ({matrix.nrows()}, {matrix.ncols()})")
    for t, row in enumerate(matrix.tolist()):
        for j, entry in enumerate(row[t:], start=t):
            if entry != 0:
                raise ValueError(f"B must be strictly lower-triangular, got {entry} in row {t}, column {j}")
    return matrix


def _identity(T: int) -> fmpq_mat:
    return fmpq_mat(T, T, [int(t == j) for t in range(T) for j in range(T)])


def _rational(entry: Any) -> fmpq:
    if isinstance(entry, fmpq):
        return entry
    try:
        numerator, denominator = Fraction(entry).as_integer_ratio()
    except (OverflowError, ValueError):
        raise ValueError(f"entries must be finite numbers, got {entry}") from None
    except TypeError:
        raise TypeError(f"entries must be rational numbers, got {entry!r}") from None
    return fmpq(int(numerator), int(denominator))
