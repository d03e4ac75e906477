"""Convolutions of power laws on positive lags (Appendix G), and their best constants, which are ours.

Everything rests on one family whose convolutions are known exactly: h_s(n) = Gamma(n - 1 + s) / Gamma(n), which is close
to n^(s - 1). Its convolutions are B(sigma, rho) h_(sigma + rho)(n - 1) (Vandermonde), and n^(s - 1) / h_s(n) moves
monotonically from 1 / Gamma(s) at n = 1 to 1 (Bernoulli). All functions take floats, SymPy expressions and flint's balls.
"""

from collections.abc import Sequence
from typing import Any

import sympy
from flint import arb, arb_series, ctx

from sessa_ref.theory.special_functions import rising


def convolve(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """Definition 9: (a * b)(n) is the sum of a(n - m) b(m) over 1 <= m < n, and 0 at n = 1; entry n - 1 belongs to n."""
    length = min(len(a), len(b))
    return [sum((a[n - m - 1] * b[m - 1] for m in range(1, n)), 0 * a[0]) for n in range(1, length + 1)]


def power_product(a: Sequence[arb], b: Sequence[arb]) -> list[arb]:
    """`convolve` for balls, as a product of power series: fast for thousands of lags."""
    length = min(len(a), len(b))
    before, ctx.cap = ctx.cap, length
    try:
        product = arb_series(list(a)) * arb_series(list(b))
        return [arb(0), *(product[i] for i in range(length - 1))]
    finally:
        ctx.cap = before


def convolution_power(beta: Any, k: int, length: int) -> list[arb]:
    """Balls of the k-fold convolution of n^(-beta) with itself at n = 1, ..., length (Theorem 30).

    Args:
        beta: the exponent, a number or a ball.
        k: number of factors, at least 1.
        length: the largest n.
    """
    power = base = [arb(n) ** -arb(beta) for n in range(1, length + 1)]
    for _ in range(k - 1):
        power = power_product(power, base)
    return power


def gamma(x: Any) -> Any:
    """Gamma(x) for x > 0."""
    return rising(1, x - 1)


def beta_function(sigma: Any, rho: Any) -> Any:
    """B(sigma, rho) = Gamma(sigma) Gamma(rho) / Gamma(sigma + rho)."""
    return gamma(sigma) * gamma(rho) / gamma(sigma + rho)


def shifted_power(n: Any, s: Any) -> Any:
    """h_s(n) = Gamma(n - 1 + s) / Gamma(n), close to n^(s - 1); equal for s = 1 and s = 2."""
    return rising(n, s - 1)


def power_convolution_constants(sigma: Any, rho: Any) -> tuple[Any, Any]:
    """Lemma G.1's c and C for any sigma, rho > 0, explicit: they enclose (u_sigma * u_rho)(n) / n^(sigma + rho - 1).

    Ours; the paper only says that such constants exist.
    """
    together = sigma + rho
    low, high = beta_function(sigma, rho), beta_function(sigma, rho)
    for exponent in (sigma, rho):
        low, high = low * _least(1, 1 / gamma(exponent)), high * _most(1, 1 / gamma(exponent))
    low, high = low * _least(1, gamma(together)), high * _most(1, gamma(together))
    return low * _least(1, 2 ** (1 - together)), high * _most(1, 2 ** (1 - together))


def best_power_convolution_constants(sigma: Any, rho: Any) -> tuple[Any, Any]:
    """The best c and C of Lemma G.1 for sigma, rho in (0, 1]: 2^(1 - sigma - rho), attained at n = 2, and B(sigma, rho).

    The second is the limit for large n. Ours.
    """
    return 2 ** (1 - sigma - rho), beta_function(sigma, rho)


def convolution_power_core(n: Any, k: Any, s: Any) -> Any:
    """g(n) = Gamma(n - k + ks) / (Gamma(ks) Gamma(n - k + 1)): g <= f^(*k) <= Gamma(s)^k g for f(n) = n^(s - 1). Ours."""
    return rising(n - k + 1, k * s - 1) / gamma(k * s)


def best_convolution_power_constants(k: Any, beta: Any) -> tuple[Any, Any]:
    """The best constants of Theorem 30 (72): k^(1 - k(1 - beta)), attained at n = k, and the limit for large n. Ours.

    The limit is Gamma(1 - beta)^k / Gamma(k (1 - beta)).
    """
    s = 1 - beta
    return k ** (1 - k * s), gamma(s) ** k / gamma(k * s)


def _least(a: Any, b: Any) -> Any:
    return -_most(-a, -b)


def _most(a: Any, b: Any) -> Any:
    if isinstance(a, sympy.Basic) or isinstance(b, sympy.Basic):
        return sympy.Max(a, b)
    if isinstance(a, arb) or isinstance(b, arb):
        return arb(a).max(arb(b))
    return max(a, b)
