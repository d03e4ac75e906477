"""The solve (I - B) s = f (20), three ways: recurrence, library routine, finite Neumann series.

B is strictly lower-triangular. Only its strictly lower part is ever read.
"""

from collections.abc import Callable

import numpy as np
from scipy import linalg

from sessa_ref.notation import Array, Real


def forward_substitution(
    B: Real[Array, "*batch T J"], f: Real[Array, "*batch T D"], past: Real[Array, "*batch past D"] | None = None
) -> Real[Array, "*batch T D"]:
    """s_0 = f_0 and s_t = f_t + sum over j < t of B_tj s_j: the recurrence (21), (22).

    This is the definition; a NaN in f_t reaches no state before s_t. `past` holds the states of earlier tokens, which
    are the first columns of B.
    """
    s = np.empty_like(f) if past is None else np.concatenate([past, np.empty_like(f)], axis=-2)
    first = s.shape[-2] - f.shape[-2]
    for row in range(f.shape[-2]):
        t = first + row
        s[..., t, :] = f[..., row, :] + np.einsum("...j,...jd->...d", B[..., row, :t], s[..., :t, :])
    return s[..., first:, :]


def backward_substitution(
    B: Real[Array, "*batch T T"], ds: Real[Array, "*batch T D"], substitution: Callable = forward_substitution
) -> Real[Array, "*batch T D"]:
    """The adjoint solve (I - B)^T lambda = ds: lambda_t = ds_t + sum over i > t of B_it lambda_i.

    It is `substitution`, from the last token to the first.
    """
    flip = (..., slice(None, None, -1), slice(None, None, -1))
    reversed_time = np.swapaxes(B, -1, -2)[flip]
    return substitution(reversed_time, ds[..., ::-1, :])[..., ::-1, :]


def triangular_solve(B: Real[Array, "*batch T T"], f: Real[Array, "*batch T D"]) -> Real[Array, "*batch T D"]:
    """The same by SciPy's (LAPACK's) triangular solve, float64 or complex128."""
    s = np.empty_like(f)
    if f.size:
        for index in np.ndindex(f.shape[:-2]):
            matrix = np.eye(f.shape[-2]) - np.tril(B[index], k=-1)
            s[index] = linalg.solve_triangular(matrix, f[index], lower=True)
    return s


def neumann_series(
    B: Real[Array, "*batch T T"], f: Real[Array, "*batch T D"], hops: int | None = None
) -> Real[Array, "*batch T D"]:
    """Sum of B^k f for k = 0 .. hops (4): what arrives in at most that many feedback steps.

    B^T = 0, so hops = T - 1, the default, is the exact solution.

    Raises:
        ValueError: `hops` is negative.
    """
    if hops is not None and hops < 0:
        raise ValueError(f"hops must not be negative, got {hops}")
    strictly_lower = np.tril(B, k=-1)
    term = total = f
    enough = f.shape[-2] - 1
    for _ in range(enough if hops is None else min(hops, enough)):
        term = strictly_lower @ term
        total = total + term
    return total
