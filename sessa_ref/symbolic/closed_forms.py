"""Closed forms for two routings with a constant gain: uniform, B_tj = gamma / t, and predecessor-only.

K is (I - B)^(-1), lag = t - tau. With uniform routing partial sums S_t of a column of K satisfy
S_t = (1 + gamma / t) S_(t - 1), which SymPy solves: `solve_uniform_recurrence`. The rest follows. The forms are
polynomials in gamma for whole t and tau, so they hold for every gain, negative ones too.
"""

from typing import Any

import sympy
from sympy import factorial, loggamma
from sympy.functions.combinatorial.numbers import stirling

from sessa_ref.symbolic.routing import GAMMA

Gamma = sympy.gamma
"""The function; gamma is the gain here."""


def uniform_influence(source: Any, target: Any, gamma: Any = GAMMA) -> sympy.Expr:
    """K_{t, tau} for tau < t under uniform routing (71), for numbers or symbols.

    It is gamma * Gamma(tau + 1) / Gamma(tau + 1 + gamma) * Gamma(t + gamma) / Gamma(t + 1).
    """
    source, target, gamma = map(sympy.sympify, (source, target, gamma))
    return gamma * Gamma(source + 1) / Gamma(source + 1 + gamma) * Gamma(target + gamma) / Gamma(target + 1)


def solve_uniform_recurrence(source: Any, target: Any, gamma: Any = GAMMA) -> sympy.Expr:
    """K_{t, tau} again, as SymPy finds it: it solves t S_t = (t + gamma) S_(t - 1) with S_tau = 1.

    Then K_{t, tau} = (gamma / t) S_(t - 1), which is row t of (I - B) K = I.
    """
    t, S = sympy.Symbol("t", integer=True), sympy.Function("S")
    gain = sympy.Dummy("gamma", positive=True)  # spares a case distinction; a polynomial's form is the same for all
    general: Any = sympy.rsolve(t * S(t) - (t + gain) * S(t - 1), S(t))
    assert general is not None
    partial_sum = general.subs(t, target - 1) / general.subs(t, source)
    return sympy.gammasimp((gain / target * partial_sum).rewrite(Gamma)).subs(gain, gamma)


def uniform_recurrence_defect(influence: Any = uniform_influence) -> tuple[sympy.Expr, sympy.Expr]:
    """How far `influence` is from K under uniform routing, for symbolic tau and t: (0, 0) where it is K.

    The first is K_{tau + 1, tau} - gamma / (tau + 1), the edge; the second
    (t + 1) K_{t + 1, tau} - (t + gamma) K_{t, tau}, the difference of rows t + 1 and t of (I - B) K = I. By induction
    over t they determine K.
    """
    source, target = sympy.symbols("tau t", integer=True, nonnegative=True)
    first = influence(source, source + 1) - GAMMA / (source + 1)
    step = (target + 1) * influence(source, target + 1) - (target + GAMMA) * influence(source, target)
    return sympy.gammasimp(first), sympy.gammasimp(step)


def uniform_tail_constant(source: Any, gamma: Any = GAMMA) -> sympy.Expr:
    """The limit of K_{tau + lag, tau} lag^(1 - gamma): gamma Gamma(tau + 1) / Gamma(tau + 1 + gamma)."""
    source, gamma = map(sympy.sympify, (source, gamma))
    return gamma * Gamma(source + 1) / Gamma(source + 1 + gamma)


def uniform_tail_limit(source: Any) -> sympy.Expr:
    """The limit of K_{tau + lag, tau} lag^(1 - gamma) over lag to infinity, as SymPy finds it from (71)."""
    lag, gain = sympy.Symbol("lag", positive=True), sympy.Symbol("gamma", positive=True)
    ratio = loggamma(source + lag + gain) - loggamma(source + lag + 1) + (1 - gain) * sympy.log(lag)
    limit = sympy.limit(sympy.exp(ratio), lag, sympy.oo) * uniform_tail_constant(source, gain)
    return limit.subs(gain, GAMMA)


def uniform_by_hops(hops: int, target: Any, gamma: Any = GAMMA) -> sympy.Expr:
    """(B^k)_{t, 0} under uniform routing, t >= 1: c(t, k) gamma^k / t!, c the unsigned Stirling numbers, first kind.

    K_{t, 0} is gamma (gamma + 1) ... (gamma + t - 1) / t!, and these numbers are the coefficients of that product.
    """
    return stirling(target, hops, kind=1, signed=False) * gamma**hops / factorial(target)


def uniform_mean_hops(source: Any, target: Any, gamma: Any = GAMMA) -> sympy.Expr:
    """Mean number of hops under uniform routing: 1 + the sum of gamma / (gamma + i), i = tau + 1 .. t - 1.

    It grows like gamma log(t / tau): a lag of any length is covered in few hops.
    """
    gamma = sympy.sympify(gamma)
    return 1 + gamma * (sympy.digamma(target + gamma) - sympy.digamma(source + 1 + gamma))


def position_code(t: Any, gamma: Any = GAMMA) -> sympy.Expr:
    """The position code c_t of Lemma 4.10 (Corollary I.8): the solution for f = 1 and uniform routing.

    It is 1 / (1 - gamma) - gamma / (1 - gamma) * K_{t, 0} for t >= 1, and c_0 = 1.

    The constant 1 / (1 - gamma) solves every row but the first, and the rest decays like the influence of token 0.
    """
    gamma = sympy.sympify(gamma)
    if t == 0:
        return sympy.Integer(1)
    return (1 - gamma * uniform_influence(0, t, gamma)) / (1 - gamma)


def position_code_defect(code: Any = position_code) -> sympy.Expr:
    """0 where `code` solves the recurrence c_t = 1 + (gamma / t) (c_0 + ... + c_(t - 1)), for symbolic t >= 1.

    It is (t + 1) (c_(t + 1) - 1) - t (c_t - 1) - gamma c_t; the start is c_1 = 1 + gamma.
    """
    t = sympy.Symbol("t", integer=True, positive=True)
    defect = (t + 1) * (code(t + 1) - 1) - t * (code(t) - 1) - GAMMA * code(t)
    return sympy.simplify(sympy.gammasimp(defect))


def position_code_limit(gamma: Any = GAMMA) -> sympy.Expr:
    """What c_t rises to for gains in (0, 1): 1 / (1 - gamma)."""
    return 1 / (1 - sympy.sympify(gamma))


def predecessor_influence(source: Any, target: Any, gamma: Any = GAMMA) -> sympy.Expr:
    """K_{t, tau} = gamma^(t - tau) under predecessor-only routing: one path, geometric decay."""
    return sympy.sympify(gamma) ** (target - source)
