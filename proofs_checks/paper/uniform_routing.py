"""Uniform routing: closed forms and two-sided bounds (Appendix F).

The symbolic proofs are in `gamma_ratio`: convexity of log Gamma, Bernoulli's inequality and the recurrence of K. Beside them
Lemma F.1 is enclosed over the box gamma in [1e-6, 1 - 1e-6], t from 1 to 10^6.
"""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import sympy
from flint import arb, ctx

from proofs_checks import gamma_ratio as steps
from proofs_checks.diffuse_layer import tokens, uniform_layer
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from sessa_ref.reference import layer
from sessa_ref.theory.special_functions import digamma
from sessa_ref.theory.uniform_routing import bounded_source_constants, uniform_influence

LARGEST = 10**6
"""The largest t of the enclosures."""

_CLOSED = "real arithmetic; every t, tau and gamma, by the recurrence in symbols"
_GAINS = tuple(Fraction(text) for text in ("1/1000000", "1/100", "1/4", "1/2", "3/4", "99/100", "999999/1000000"))
_LATE = (1, 2, 10, 1000, LARGEST)


def _intervals(quick: bool) -> list[tuple[arb, arb]]:
    """(middle, interval) for intervals that cover [1e-6, 1 - 1e-6], finer towards the ends."""
    factor = 1.5 if quick else 1.2
    ends = [1e-6]
    while ends[-1] < 0.5:
        ends.append(min(ends[-1] * factor, 0.5))
    ends += [1 - end for end in reversed(ends[:-1])]
    halves = [((left + right) / 2, (right - left) / 2) for left, right in pairwise(ends)]
    return [(arb(middle), arb(middle, 1.0001 * radius)) for middle, radius in halves]


def _log_ratio(t: int, shift: float, middle: arb, interval: arb) -> arb:
    """log of b_t (t + shift)^(1 - gamma) over an interval of gamma: value at the middle plus slope over the interval."""
    base = (t + arb(shift)).log()
    value = (t + middle).lgamma() - arb(t + 1).lgamma() + (1 - middle) * base
    slope = digamma(t + interval) - base
    return value + slope * (interval - middle)


def _enclose(evidence: Evidence, claim: str, shift: float, sign: int, argument: str) -> None:
    """sign * log(b_t (t + shift)^(1 - gamma)) <= 0 over the box: for all gamma of each interval at the worst t."""
    with ctx.workprec(128):
        cases = [
            (
                (sign * _log_ratio(LARGEST, shift, middle, interval)).exp(),
                arb(1),
                f"gamma in [{float(interval.lower()):.7g}, {float(interval.upper()):.7g}], t = 10^6",
            )
            for middle, interval in _intervals(evidence.quick)
        ]
    evidence.enclosed(
        claim,
        cases,
        f"gamma in [1e-6, 1 - 1e-6] by {len(cases)} intervals that cover it, each by its middle and an enclosed slope; t up to "
        f"10^6 because {argument}",
    )


@states(
    "lem:F.1",
    "Gautschi's inequality",
    where="Appendix F.1, Lemma F.1, (67)",
    says=r"""
    For $\gamma \in (0, 1)$ and integers $t \ge 1$ (in fact all real $t > 0$):
    $(t+1)^{\gamma - 1} \le \frac{\Gamma(t+\gamma)}{\Gamma(t+1)} \le t^{\gamma - 1}$.
    """,
    trust="real arithmetic; all gamma in (0, 1) and t > 0, given that log Gamma is convex; enclosed beside it on the box to 10^6",
    bends=(
        Bend("t + 1/10 in place of t + 1", {"lower_shift": 0.1}),
        Bend("t + 1/10 in place of t", {"upper_shift": 0.1}),
    ),
)
def gautschi(evidence: Evidence, *, lower_shift: float = 1.0, upper_shift: float = 0.0) -> None:
    """Two convex combinations give t^(gamma-1) and (t+gamma)^(gamma-1) >= (t+1)^(gamma-1); balls check it independently."""
    rises = "b_t t^(1-gamma) rises in t, so 10^6 is the worst"
    falls = "b_t (t+1)^(1-gamma) falls in t, so 10^6 is the worst"
    _enclose(evidence, "upper", upper_shift, 1, rises)
    _enclose(evidence, "lower", lower_shift, -1, falls)
    steps.rises_to_its_limit(evidence, "upper")
    steps.lower(evidence, "lower")
    t, a, b = sympy.symbols("t a b", positive=True)
    p = a / (a + b)
    evidence.nonnegative("lower", t + 1 - (t + p), "(t+gamma)^(gamma-1) >= (t+1)^(gamma-1)")
    evidence.nonnegative(
        "lower",
        1 - (1 + (1 - p) / (t + 1)) * (t + p) / (t + 1),
        "b_t (t+1)^(1-gamma) falls: its step is at most (1 + q/(t+1)) (1 - q/(t+1)) with q = 1 - gamma, by Bernoulli",
    )


@states(
    "prop:29",
    "Uniform routing, impulse at 0",
    where="Appendix F.2, Proposition 29, (69) and (70)",
    says=r"""
    Let $\alpha_{t,j} = \frac{1}{t}$ for $j < t$ and $\gamma_t = \gamma \in (0, 1)$, with an impulse at time 0. Then, for $t \ge 1$,
    $y_t = \frac{\gamma}{\Gamma(1+\gamma)} \frac{\Gamma(t+\gamma)}{\Gamma(t+1)}$, and
    $\frac{\gamma}{\Gamma(1+\gamma)} (t+1)^{-\beta_{tail}} \le y_t \le \frac{\gamma}{\Gamma(1+\gamma)} t^{-\beta_{tail}}$ with
    $\beta_{tail} = 1 - \gamma$; so $y_t = \Theta(t^{-\beta_{tail}})$.
    """,
    needs=("lem:F.1",),
    trust=f"{_CLOSED}; the bounds for all gamma in (0, 1) and t >= 1 by Lemma F.1; enclosed at chosen gamma and t up to 10^6",
    bends=(
        Bend("Gamma(t + 1 + gamma) / Gamma(t + 2) in the closed form", {"offset": 1}),
        Bend("an upper constant smaller by a hundredth", {"upper": 0.99}),
        Bend("a lower constant larger by a hundredth", {"lower": 1.01}),
    ),
)
def impulse_at_zero(evidence: Evidence, *, offset: int = 0, upper: float = 1.0, lower: float = 1.0) -> None:
    """The recurrence in symbols, and Lemma F.1 times the prefactor."""
    steps.closed_form(evidence, "closed form", offset)
    cases = [(_ball(g), t) for g in _GAINS for t in _LATE]
    with ctx.workprec(128):
        prefactor = [g / (1 + g).gamma() for g, _ in cases]
        y = [uniform_influence(0, t, g) for g, t in cases]
        above = [arb(upper) * c * arb(t) ** (g - 1) for c, (g, t) in zip(prefactor, cases, strict=True)]
        below = [arb(lower) * c * arb(t + 1) ** (g - 1) for c, (g, t) in zip(prefactor, cases, strict=True)]
    names = [f"gamma = {g}, t = {t}" for g in _GAINS for t in _LATE]
    evidence.enclosed(
        "upper bound", zip(y, above, names, strict=True), "at chosen gamma and t; all others by the proof"
    )
    evidence.enclosed(
        "lower bound", zip(below, y, names, strict=True), "at chosen gamma and t; all others by the proof"
    )
    steps.upper(evidence, "upper bound")
    steps.lower(evidence, "lower bound")
    _layer_has_it(evidence, 0)


def _layer_has_it(evidence: Evidence, source: int) -> None:
    """A layer without feedback keys routes uniformly, with one gain for all tokens: its own (I - B)^(-1) is the closed form."""
    T = 40
    steps_of_layer = layer.trace(uniform_layer(), tokens(T, evidence.rng))
    gain = float(steps_of_layer.gamma[0])
    column = np.linalg.inv(np.eye(T) - steps_of_layer.B)[source + 1 :, source]
    form = uniform_influence(source, np.arange(source + 1, T), gain)
    difference = float(np.max(np.abs(column / form - 1)))
    evidence.agreement(difference, 1e-12, f"a layer without feedback keys, gain {gain:.4f}, source {source}, T = {T}")
    outputs_agree(evidence, uniform_layer(), tokens(32, evidence.rng))


def _ball(value: Fraction) -> arb:
    return arb(value.numerator) / value.denominator


@states(
    "cor:F.2",
    "Uniform routing, impulse at any position",
    where="Appendix F.2, Corollary F.2, (71)",
    says=r"""
    In the regime of Proposition 29 with an impulse at $\tau \ge 0$, for $\ell \ge 1$:
    $y_{\tau+\ell} = \gamma \frac{\Gamma(\tau+1)}{\Gamma(\tau+1+\gamma)} \frac{\Gamma(\tau+\ell+\gamma)}{\Gamma(\tau+\ell+1)}$, which
    is $\Theta_\tau(\ell^{-\beta_{tail}})$ for every fixed $\tau$. The prefactor is $\asymp \tau^{-\gamma}$, and there is no $c_- > 0$ with
    $y_{\tau+\ell} \ge c_- \ell^{-\beta_{tail}}$ for all $\tau$ and $\ell$.
    """,
    needs=("prop:29", "lem:F.1"),
    trust=f"{_CLOSED}; the bounds for all gamma in (0, 1), tau and lag by Lemma F.1; the witness is lag 1 and tau = ceil(gamma/c-)",
    bends=(
        Bend("Gamma(t + 1 + gamma) / Gamma(t + 2) in the closed form", {"offset": 1}),
        Bend("sources up to 3 only: then there is a lower constant", {"largest_source": 3}),
    ),
)
def impulse_anywhere(evidence: Evidence, *, offset: int = 0, largest_source: int = 10**9) -> None:
    """The recurrence in symbols; explicit constants for Theta; a source for each candidate of a lower constant."""
    steps.closed_form(evidence, "closed form", offset)
    tau, m, g, t = sympy.symbols("tau m gamma t", positive=True)
    lag = 1 + m
    steps.lower(evidence, "Theta for fixed tau")
    steps.upper(evidence, "Theta for fixed tau")
    evidence.nonnegative(
        "Theta for fixed tau",
        [tau + lag - lag, (tau + 2) * lag - (tau + lag + 1)],
        "lag <= tau + lag and tau + lag + 1 <= (tau + 2) lag: the constants are a_tau and a_tau (tau + 2)^(gamma - 1)",
    )
    ratio = sympy.gamma(t + g) / sympy.gamma(t + 1)  # b_t at t = tau
    prefactor = sympy.gamma(t + 1) / sympy.gamma(t + 1 + g)
    evidence.identity(
        "prefactor",
        sympy.cancel(sympy.expand_func(prefactor * ratio * (t + g)) - 1),
        "a_tau = gamma / ((tau + gamma) b_tau), so tau^(1-gamma)/(tau+gamma) <= a_tau/gamma <= (tau+gamma)^(-gamma) by Lemma F.1",
    )
    steps.upper(evidence, "prefactor")
    steps.lower(evidence, "prefactor")
    source = 1 + m
    evidence.nonnegative(
        "prefactor",
        (1 + g) * source - (source + g),
        "tau + gamma <= (1 + gamma) tau for tau >= 1: both are tau^(-gamma) up to constants",
    )
    candidates = [Fraction(1, 10), Fraction(1, 1000), Fraction(1, 10**6)]
    pairs = []
    for gain in (Fraction(1, 2), Fraction(99, 100)):
        for candidate in candidates:
            needed = math.ceil(gain / candidate)
            chosen = min(needed, largest_source)
            pairs.append((gain / (chosen + 1), candidate, f"gamma = {gain}, c- = {candidate}: tau = {chosen}, lag 1"))
    evidence.exact("no uniform lower constant", pairs, "y_(tau+1) = gamma/(tau+1) is below c- at tau = ceil(gamma/c-)")
    at_one = sympy.expand_func(uniform_influence(tau, tau + 1, g)) * (tau + 1) / g
    evidence.identity("no uniform lower constant", sympy.cancel(at_one) - 1, "y_(tau+1) = gamma/(tau+1) from (71)")
    _layer_has_it(evidence, 3)


@states(
    "cor:F.3",
    "Two-sided envelope on a bounded source family",
    where="Appendix F.2, Corollary F.3",
    says=r"""
    Fix $\tau_{max}$. In the regime of Corollary F.2, for all $0 \le \tau \le \tau_{max}$ and $\ell \ge 1$,
    $c_- \ell^{-\beta_{tail}} \le y_{\tau+\ell} \le c_+ \ell^{-\beta_{tail}}$ with $\beta_{tail} = 1 - \gamma$,
    $c_- = (\tau_{max} + 2)^{-\beta_{tail}} \min_\tau a_\tau$, $c_+ = \max_\tau a_\tau$ and
    $a_\tau = \gamma \Gamma(\tau+1) / \Gamma(\tau+1+\gamma)$.
    """,
    needs=("cor:F.2", "lem:F.1"),
    trust="real arithmetic; all gamma in (0, 1), sources and lags: y lag^beta falls in tau and rises in the lag, in symbols",
    bends=(
        Bend("an upper constant smaller by a hundredth", {"upper": 0.99}),
        Bend("a lower constant twice as large", {"lower": 2.0}),
        Bend("sources beyond tau_max", {"beyond": 40}),
    ),
)
def bounded_sources(evidence: Evidence, *, upper: float = 1.0, lower: float = 1.0, beyond: int = 0) -> None:
    """The extremes of y lag^beta: the last source at lag 1, and source 0 at infinite lag."""
    low, high = [], []
    with ctx.workprec(128):
        for largest in (0, 1, 5, 30):
            for gain in _GAINS:
                g = _ball(gain)
                least, most = bounded_source_constants(arb(largest), g)
                name = f"gamma = {gain}, tau_max = {largest}"
                scaled = {lag: uniform_influence(largest + beyond, largest + beyond + lag, g) for lag in _LATE}
                first = {lag: uniform_influence(0, lag, g) * arb(lag) ** (1 - g) for lag in _LATE}
                low += [(arb(lower) * least, y * arb(k) ** (1 - g), f"{name}, lag {k}") for k, y in scaled.items()]
                high += [(y, arb(upper) * most, f"{name}, source 0, lag {lag}") for lag, y in first.items()]
    evidence.enclosed("lower", low, "the last source at lags up to 10^6; y lag^beta rises in the lag and falls in tau")
    evidence.enclosed("upper", high, "source 0 at lags up to 10^6; y lag^beta rises in the lag and falls in tau")
    for claim in ("lower", "upper"):
        steps.falls_with_the_source(evidence, claim)
        steps.rises_with_the_lag(evidence, claim)
    steps.lower(evidence, "lower")  # at tau_max, lag 1: b_(tau_max + 1) >= (tau_max + 2)^(gamma - 1)
    steps.rises_to_its_limit(evidence, "upper")


@states(
    "rem:F.4",
    "Impulse at time tau",
    where="Appendix F.2, Remark F.4",
    says=r"""
    For $\gamma \in (0, 1)$ and an impulse at $\tau$, $y_t = C(\tau, \gamma) \frac{\Gamma(t+\gamma)}{\Gamma(t+1)}$ for $t > \tau$ with
    $C(\tau, \gamma) = \gamma \Gamma(\tau+1) / \Gamma(\tau+1+\gamma) > 0$. Hence the tail in $\ell = t - \tau$ is
    $\Theta(\ell^{-\beta_{tail}})$, with constants that depend on $\tau$, in agreement with Corollary E.4.
    """,
    needs=("cor:F.2", "cor:E.4"),
    trust=f"{_CLOSED}; Theta for every fixed tau by Lemma F.1; Corollary E.4's bound for all tau and lags by ours:best-tail-constant",
    bends=(Bend("Gamma(tau + 2) / Gamma(tau + 2 + gamma) in the prefactor", {"source_offset": 1}),),
)
def impulse_at_tau(evidence: Evidence, *, source_offset: int = 0) -> None:
    """The printed form divided by (71) is 1, and (71) solves the recurrence."""
    tau, g, t = sympy.symbols("tau gamma t", positive=True)
    shifted = tau + source_offset
    printed = g * sympy.gamma(shifted + 1) / sympy.gamma(shifted + 1 + g) * sympy.gamma(t + g) / sympy.gamma(t + 1)
    quotient = sympy.cancel(sympy.expand_func(printed) / sympy.expand_func(uniform_influence(tau, t, g)))
    evidence.identity("closed form", quotient - 1, "the printed form is (71)")
    steps.closed_form(evidence, "closed form")
    steps.upper(evidence, "Theta for fixed tau")
    steps.lower(evidence, "Theta for fixed tau")
    steps.falls_with_the_source(evidence, "Theta for fixed tau")


ROWS = (gautschi, impulse_at_zero, impulse_anywhere, bounded_sources, impulse_at_tau)
