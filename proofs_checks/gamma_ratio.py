"""What the closed forms of uniform routing rest on: the gamma ratio b_t = Gamma(t + p) / Gamma(t + 1) and the recurrence of K.

Everything follows from one classical fact, that log Gamma is convex, from Bernoulli's inequality, and from signs of
derivatives. Each function notes its steps in symbols, for all exponents p in (0, 1) and all real t > 0, under the claim
that it is given.
"""

import sympy
from sympy import gamma, log

from proofs_checks.evidence import Evidence
from sessa_ref.symbolic import series
from sessa_ref.symbolic.routing import uniform
from sessa_ref.theory.uniform_routing import uniform_influence

t, p, x = sympy.symbols("t p x", positive=True)
_a, _b = sympy.symbols("a b", positive=True)
BETWEEN = {p: _a / (_a + _b)}
"""An exponent between 0 and 1, as a quotient of positive symbols."""


def upper(evidence: Evidence, claim: str) -> None:
    """b_t <= t^(p - 1): log Gamma is convex, and t + p lies between t and t + 1."""
    evidence.identity(
        claim,
        [
            p * (t + 1) + (1 - p) * t - (t + p),
            sympy.expand_func(gamma(t + 1)) - t * gamma(t),
        ],
        "Gamma(t+p) <= Gamma(t)^(1-p) Gamma(t+1)^p by convexity at t + p = (1-p) t + p (t+1), and Gamma(t+1) = t Gamma(t)",
    )


def lower(evidence: Evidence, claim: str) -> None:
    """b_t >= (t + p)^(p - 1): the same with t + 1 between t + p and t + p + 1."""
    evidence.identity(
        claim,
        [
            p * (t + p) + (1 - p) * (t + p + 1) - (t + 1),
            sympy.expand_func(gamma(t + p + 1)) - (t + p) * gamma(t + p),
        ],
        "Gamma(t+1) <= Gamma(t+p)^p Gamma(t+p+1)^(1-p) by convexity, and Gamma(t+p+1) = (t+p) Gamma(t+p)",
    )


def bernoulli(evidence: Evidence, claim: str) -> None:
    """(1 + x)^p <= 1 + p x for x > 0, and (1 - x)^p <= 1 - p x for 0 < x < 1."""
    y = sympy.Symbol("y", positive=True)
    growth = sympy.diff(log(1 + p * x) - p * log(1 + x), x)
    shrinking = sympy.diff(log(1 - p * x) - p * log(1 - x), x)
    evidence.nonnegative(
        claim,
        [growth.subs(BETWEEN), shrinking.subs(x, x / (x + y)).subs(BETWEEN)],
        "Bernoulli, (1+x)^p <= 1 + p x and (1-x)^p <= 1 - p x: the logarithms are equal at 0, and their difference's slope is >= 0",
    )


def rises_to_its_limit(evidence: Evidence, claim: str) -> None:
    """b_t t^(1 - p) rises in t, to 1: its steps are (1 + p/t) (1 + 1/t)^(-p) >= 1, and it lies between (1 + p/t)^(p - 1) and 1."""
    b = gamma(t + p) / gamma(t + 1)
    step = sympy.expand_func(b.subs(t, t + 1)) / sympy.expand_func(b)
    evidence.identity(
        claim,
        [sympy.simplify(step * (t + 1) - (t + p)), sympy.limit((p - 1) * log(1 + p / t), t, sympy.oo)],
        "b_(t+1) / b_t = (t+p)/(t+1), so that b_t t^(1-p) moves by (1+p/t)(1+1/t)^(-p), and (1+p/t)^(p-1) tends to 1",
    )
    bernoulli(evidence, claim)
    upper(evidence, claim)
    lower(evidence, claim)


def closed_form(evidence: Evidence, claim: str, offset: int = 0) -> None:
    """K_{t, tau} = gamma Gamma(tau+1) / Gamma(tau+1+gamma) * Gamma(t+gamma) / Gamma(t+1), for all tau < t and every gain.

    The first step and the step from t to t + 1 determine K: t K_t = gamma S_(t-1), so (t + 1) K_(t+1) - (t + gamma) K_t = 0.

    Args:
        evidence: the check's.
        claim: the part of the statement.
        offset: the form is evaluated at t + offset, which is wrong unless it is 0.
    """
    tau = sympy.Symbol("tau", nonnegative=True)
    gain = sympy.Symbol("gamma", real=True)
    K = _expanded(uniform_influence(tau, t + offset, gain))
    later = _expanded(uniform_influence(tau, t + 1 + offset, gain))
    first = _expanded(uniform_influence(tau, tau + 1 + offset, gain))
    evidence.identity(
        claim,
        [sympy.cancel(first - gain / (tau + 1)), sympy.cancel((t + 1) * later / K - (t + gain))],
        "K_(tau+1, tau) = gamma/(tau+1) and (t+1) K_(t+1) = (t+gamma) K_t, the difference of two rows of (I - B) K = I",
    )
    T = 6
    inverse = series.inverse(uniform(T, gain))
    forms = [
        (inverse[target, source], _expanded(uniform_influence(source, target + offset, gain)))
        for target in range(T)
        for source in range(target)
    ]
    evidence.identity(
        claim, [sympy.cancel(a - b) for a, b in forms], f"all entries of the inverse for T = {T}, gamma a symbol"
    )


def _expanded(expression: sympy.Expr) -> sympy.Expr:
    return sympy.expand_func(expression)


def falls_with_the_source(evidence: Evidence, claim: str) -> None:
    """K_{tau + lag, tau} falls in tau at a fixed lag: its step is (tau+1)(t+gamma) / ((tau+1+gamma)(t+1)) <= 1, t = tau + lag."""
    tau, lag, g = sympy.symbols("tau lag gamma", positive=True)
    evidence.nonnegative(
        claim,
        (tau + 1 + g) * (tau + lag + 1) - (tau + 1) * (tau + lag + g),
        "one source later: the factor (tau+1)(t+gamma) / ((tau+1+gamma)(t+1)) is at most 1, for every gamma > 0",
    )


def rises_with_the_lag(evidence: Evidence, claim: str) -> None:
    """K_{tau + lag, tau} lag^(1 - gamma) rises in the lag, for every source."""
    tau, lag = sympy.symbols("tau lag", positive=True)
    at = tau + lag
    evidence.nonnegative(
        claim,
        ((at + p) / (at + 1) - (lag + p) / (lag + 1)).subs(BETWEEN),
        "one lag later: the factor (t+gamma)/(t+1), t = tau + lag, is least at tau = 0, (lag+gamma)/(lag+1)",
    )
    evidence.identity(
        claim, 1 - (1 - p) * (1 / (lag + 1)) - (lag + p) / (lag + 1), "which is 1 - (1-gamma) x at x = 1/(lag+1)"
    )
    bernoulli(evidence, claim)  # (1 - x)^(1 - gamma) <= 1 - (1 - gamma) x, and 1 - x = lag/(lag + 1)
