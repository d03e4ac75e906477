"""The steps that prove the bounds of `convolution`, for symbols: each function gives what has to be 0."""

from typing import Any

import sympy

SIGMA, RHO = sympy.symbols("sigma rho", positive=True)


def simplified(expression: Any) -> Any:
    """The expression with its Gamma functions combined, then simplified."""
    return sympy.simplify(sympy.gammasimp(expression))


def vandermonde_defects() -> list[Any]:
    """0 where the convolution of Gamma(sigma + j) / j! and Gamma(rho + j) / j! is B(sigma, rho) Gamma(sigma + rho + N) / N!.

    Coefficients c_j of (1 - x)^(-s) obey (j + 1) c_(j+1) = (s + j) c_j. Then their convolution e_N obeys the same with
    s = sigma + rho: (N + 1) e_(N+1) is the sum over j of ((sigma + j) + (rho + N - j)) c_j c'_(N-j). The first entry is the
    recurrence of c, the second that sum's bracket, and the third the start N = 0.
    """
    j, N = sympy.symbols("j N", integer=True, nonnegative=True)
    c = sympy.gamma(SIGMA + j) / sympy.factorial(j)
    recurrence = simplified((j + 1) * c.subs(j, j + 1) - (SIGMA + j) * c)
    bracket = (SIGMA + j) + (RHO + N - j) - (SIGMA + RHO + N)
    start = sympy.gamma(SIGMA) * sympy.gamma(RHO) - sympy.beta(SIGMA, RHO).rewrite(sympy.gamma) * sympy.gamma(
        SIGMA + RHO
    )
    return [simplified(recurrence.rewrite(sympy.gamma)), sympy.expand(bracket), sympy.simplify(start)]


def bernoulli_defects() -> list[Any]:
    """0 because (1 + x)^p - 1 - p x has value and slope 0 at x = 0, and second derivative p (p - 1) (1 + x)^(p - 2).

    Hence for x > -1 it has the sign of p (p - 1) (Bernoulli). With x = 1/n and p = s - 1 this is the step of
    h_s(n) n^(1 - s) from n to n + 1, which is therefore monotone in n, from Gamma(s) at n = 1 to 1.
    """
    x, p = sympy.symbols("x p", real=True)
    gap: Any = (1 + x) ** p - 1 - p * x
    return [
        gap.subs(x, 0),
        sympy.diff(gap, x).subs(x, 0),
        sympy.simplify(sympy.diff(gap, x, 2) - p * (p - 1) * (1 + x) ** (p - 2)),
    ]


def shifted_power_step_defect() -> sympy.Expr:
    """0 because h_s(n + 1) / h_s(n) is 1 + (s - 1) / n."""
    n, s = sympy.symbols("n s", positive=True)
    h = sympy.gamma(n - 1 + s) / sympy.gamma(n)
    return simplified(h.subs(n, n + 1) / h - 1 - (s - 1) / n)


def log_convexity_defect() -> sympy.Expr:
    """0 because (log x^(rho-1) (1-x)^(sigma-1))'' is (1-rho)/x^2 + (1-sigma)/(1-x)^2, not negative for exponents up to 1."""
    x = sympy.Symbol("x", positive=True)
    logarithm = (RHO - 1) * sympy.log(x) + (SIGMA - 1) * sympy.log(1 - x)
    return sympy.simplify(sympy.diff(logarithm, x, 2) - (1 - RHO) / x**2 - (1 - SIGMA) / (1 - x) ** 2)
