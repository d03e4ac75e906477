"""Two small lemmas behind the closed forms: the gamma ratio b_t = Gamma(t + p) / Gamma(t + 1), and Bernoulli's inequality.

Everything rests on one classical fact, that log Gamma is convex, and on signs of derivatives. Each function notes its steps
in symbols, for all exponents p in (0, 1) and all real t > 0, under the claim that it is given.
"""

import sympy
from sympy import gamma, log

from proofs_checks.evidence import Evidence

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
        "Bernoulli, (1+x)^p <= 1+px and (1-x)^p <= 1-px: the logarithms are equal at 0, and their difference's slope is >= 0",
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
