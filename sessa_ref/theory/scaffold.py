"""LayerNorm on a scaffold (Appendix J): tokens (u, c, ..., c, -c, ..., -c) of width m = m0 + w, with |u| <= R.

sigma^2 = sigma_0^2 + |u|^2/m - mu^2, where sigma_0^2 = w c^2/m + eps and mu is the mean of the token. LayerNorm then gives
(u - mu)/sigma, and a = 1/sigma_0 is what it nearly multiplies with. Functions take floats, flint's balls and SymPy's
symbols.
"""

from typing import Any

import numpy as np


def reference_scale(m0: int, scaffold: int, size: Any, eps: Any) -> Any:
    """a = 1/sigma_0: sigma_0 is the standard deviation of the scaffold by itself, with eps."""
    return 1 / _sqrt(scaffold * size**2 / (m0 + scaffold) + eps)


def scaffold_size(m0: int, scaffold: int, a: Any, eps: Any) -> Any:
    """c of Lemma J.2, for which the reference scale is a; a must be below 1/sqrt(eps)."""
    return _sqrt((m0 + scaffold) * (1 / a**2 - eps) / scaffold)


def printed_error(m0: int, m: int, radius: Any, eps: Any) -> Any:
    """Lemma J.1's bound m0 R/(m sqrt(eps)) + R^3/(m eps^(3/2)) of |LN(u) - a u|, as printed; c does not enter."""
    return m0 * radius / (m * _sqrt(eps)) + radius**3 / (m * eps * _sqrt(eps))


def direct_error(m0: Any, m: Any, radius: Any, a: Any) -> Any:
    """a m0 R/m + a^3 R^3/(2 m): the same steps with sigma >= 1/a in place of sqrt(eps), and the exact variance."""
    return a * m0 * radius / m + a**3 * radius**3 / (2 * m)


def centred_error(m: Any, radius: Any, a: Any) -> Any:
    """a^2 R^3/(2 m): the error of (LN(u) + its sum/w)/a, where the mean's removal is undone; it falls like 1/c^2."""
    return a**2 * radius**3 / (2 * m)


def _sqrt(x: Any) -> Any:
    return x.sqrt() if hasattr(x, "sqrt") else np.sqrt(x)
