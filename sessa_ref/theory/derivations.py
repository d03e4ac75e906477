"""The closed forms of uniform routing, derived and proved by SymPy for symbolic tokens and a symbolic gain.

Partial sums S_t of a column of K satisfy S_t = (1 + gamma / t) S_(t - 1). A function whose name ends in `defect` is 0
exactly where the form that it is given is right.
"""

from typing import Any

import sympy
from sympy import loggamma

from sessa_ref.theory.uniform_routing import position_code, uniform_influence, uniform_tail_constant

GAMMA = sympy.Symbol("gamma", real=True)
"""The gain, the same symbol as in `sessa_ref.symbolic.routing`."""


def solve_uniform_recurrence(source: Any, target: Any, gamma: Any = GAMMA) -> sympy.Expr:
    """K_{t, tau} (71), as SymPy finds it: it solves t S_t = (t + gamma) S_(t - 1) with S_tau = 1.

    Then K_{t, tau} = (gamma / t) S_(t - 1), which is row t of (I - B) K = I.
    """
    t, S = sympy.Symbol("t", integer=True), sympy.Function("S")
    gain = sympy.Dummy("gamma", positive=True)  # spares a case distinction; a polynomial's form is the same for all
    general: Any = sympy.rsolve(t * S(t) - (t + gain) * S(t - 1), S(t))
    assert general is not None
    partial_sum: Any = general.subs(t, target - 1) / general.subs(t, source)
    simplified: Any = sympy.gammasimp((gain / target * partial_sum).rewrite(sympy.gamma))
    return simplified.subs(gain, gamma)


def uniform_recurrence_defect(influence: Any = uniform_influence) -> tuple[sympy.Expr, sympy.Expr]:
    """How far `influence(tau, t, gamma)` is from K, for symbolic tau and t: (0, 0) where it is K.

    The first is K_{tau + 1, tau} - gamma / (tau + 1), the edge; the second
    (t + 1) K_{t + 1, tau} - (t + gamma) K_{t, tau}, the difference of rows t + 1 and t of (I - B) K = I. By induction
    over t they determine K.
    """
    source, target = sympy.symbols("tau t", integer=True, nonnegative=True)
    first = influence(source, source + 1, GAMMA) - GAMMA / (source + 1)
    step = (target + 1) * influence(source, target + 1, GAMMA) - (target + GAMMA) * influence(source, target, GAMMA)
    simplified: Any = sympy.gammasimp(first), sympy.gammasimp(step)
    return simplified


def uniform_tail_limit(source: Any) -> sympy.Expr:
    """The limit of K_{tau + lag, tau} lag^(1 - gamma) over lag to infinity, as SymPy finds it from (71)."""
    lag, gain = sympy.Symbol("lag", positive=True), sympy.Symbol("gamma", positive=True)
    ratio = loggamma(source + lag + gain) - loggamma(source + lag + 1) + (1 - gain) * sympy.log(lag)
    limit = sympy.limit(sympy.exp(ratio), lag, sympy.oo) * uniform_tail_constant(source, gain)
    return limit.subs(gain, GAMMA)


def position_code_defect(code: Any = position_code) -> sympy.Expr:
    """0 where `code(t, gamma)` solves c_t = 1 + (gamma / t) (c_0 + ... + c_(t - 1)), for symbolic t >= 1.

    It is (t + 1) (c_(t + 1) - 1) - t (c_t - 1) - gamma c_t; the start is c_1 = 1 + gamma.
    """
    t = sympy.Symbol("t", integer=True, positive=True)
    defect = (t + 1) * (code(t + 1, GAMMA) - 1) - t * (code(t, GAMMA) - 1) - GAMMA * code(t, GAMMA)
    simplified: Any = sympy.simplify(sympy.gammasimp(defect))
    return simplified
