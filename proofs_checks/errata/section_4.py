"""Errata of Section 4."""

from fractions import Fraction

import numpy as np

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.theory.selective_ssm import memory_factor, slowest_average_step


@erratum(
    "5-relevant",
    "prop:5",
    where="Sections 2.3 and 4.2.4, Proposition 5; Corollary 4.6, Propositions 9 (ii) and 10 (ii)",
    kind=Kind.HYPOTHESIS,
    printed="""
    Failed freeze time, "the model cannot sustain a long interval with $\\Delta_t \\approx 0$", is
    $\\sum_{r=\\tau+1}^{t} \\Delta_r \\ge c_\\Delta (t - \\tau)$ "for every relevant pair"; Proposition 10 asks it of every
    $\\tau < t$.
    """,
    correct="""
    Which pairs are relevant must be said. If neighbours count, the condition says $\\Delta_r \\ge c_\\Delta$ for every
    single step, so that one frozen step violates it. With pairs of lag at least $L$ alone, frozen corridors shorter than
    $L$ are allowed, and for all pairs $\\Pi \\le e^{\\lambda c_\\Delta L} e^{-\\lambda c_\\Delta \\ell}$.
    """,
    conclusion="survives, with the factor $e^{\\lambda c_\\Delta L}$",
)
def one_frozen_step() -> Shown:
    """Every second of 12 steps is frozen; rate 1."""
    step = np.array([1.0, 0.0] * 6)
    every, distant = slowest_average_step(step), slowest_average_step(step, shortest_lag=3)
    lag = np.subtract.outer(np.arange(12), np.arange(12))
    pairs = lag > 0
    factor = memory_factor(np.ones(1), step)[pairs] / np.exp(-distant * lag[pairs])
    text = (
        f"steps 1, 0, 1, 0, ...: c = {every:g} over all pairs, {distant:.3g} over lags from 3 on; "
        f"Pi e^(c lag) is at most {factor.max():.3f} over all pairs, above 1 and below e^(3 c) = {np.exp(3 * distant):.3f}"
    )
    return Shown(bool(every == 0 and 1 < factor.max() <= np.exp(3 * distant)), text)


@erratum(
    "2.3-rates",
    "prop:5",
    where="Section 2.3, before failed freeze time",
    kind=Kind.HYPOTHESIS,
    printed="""
    Long-range memory is preserved only when the model can create a long corridor of steps with $\\Delta_r \\approx 0$.
    """,
    correct="""
    It is preserved where $\\lambda_n \\sum_r \\Delta_r$ stays small, with small steps or with a small rate. Proposition 5's
    $e^{-\\lambda c_\\Delta \\ell}$ has the rate in the exponent and says nothing at lags far below
    $1 / (\\lambda c_\\Delta)$; comparisons need a lower bound on $\\lambda$ that does not depend on the horizon.
    """,
    conclusion="Proposition 5 survives as stated",
)
def slow_rates_remember() -> Shown:
    """Rate 1/1000, all steps 1, lag 100."""
    factor = float(memory_factor(np.array([1e-3]), np.ones(101))[100, 0])
    return Shown(factor > 0.9, f"rate 0.001, every step 1, c_Delta = 1: the memory factor at lag 100 is {factor:.4f}")


@erratum(
    "4.4-discretisation",
    "lem:4.4",
    where="Section 4.2.4, Proposition 4 and Lemma 4.4",
    kind=Kind.HYPOTHESIS,
    printed="In Mamba the input factor arises by zero-order hold, $(1 - e^{-a \\Delta_t}) / a$.",
    correct="""
    Common implementations discretise the input by $\\Delta_t$ alone (Euler) and only the transition by zero-order hold.
    Then the bound is $|h_t| \\le M (\\Delta_{\\max} + 1 / a_{\\min})$, because $x / (1 - e^{-x}) \\le 1 + x$: it needs a largest
    step, and Proposition 4's constants change with it.
    """,
    conclusion="survives for zero-order hold; needs bounded steps for Euler's factor",
)
def euler_overshoots() -> Shown:
    """One step of 5, a = b = 1."""
    held, euler = 1 - float(np.exp(-5.0)), 5.0
    return Shown(
        held <= 1 < euler <= 5 + 1, f"a = b = 1, Delta = 5: h_0 = {held:.4f} held, {euler:g} by Euler; M / a = 1"
    )


@erratum(
    "4.4-start",
    "lem:4.4",
    where="Section 4.2.4, Lemma 4.4; Remark C.2",
    kind=Kind.SLIP,
    printed="The recurrence is given with $h_{-1} = 0$, and then a bound with $|h_{-1}|$; Remark C.2 has none.",
    correct="$h_{-1}$ is arbitrary in the general bound, and 0 in the first bound and in Remark C.2.",
    conclusion="survives",
)
def arbitrary_start() -> Shown:
    """h_-1 = 5, frozen steps."""
    h = Fraction(5)  # Delta = 0 holds it, b = a = 1
    return Shown(h > 1, f"h_-1 = {h}, Delta = 0, a = b = 1: h_t = {h} > 1 = M / a, and at most max(5, 1)")


@erratum(
    "9-horizon",
    "prop:9",
    where="Section 4.2.6, Propositions 9 and 10: fix a horizon T",
    kind=Kind.HYPOTHESIS,
    printed="""
    For a fixed horizon $T$ the Jacobians are $\\Theta(1/\\ell)$, at most $c \\, e^{-\\lambda c_\\Delta \\ell}$,
    $\\Theta_\\tau(\\ell^{-\\beta})$; Definition 4 is uniform over inputs on one horizon as well.
    """,
    correct="""
    On one horizon every positive kernel is $\\Theta$ of every other. The constants must not depend on $T$: $\\Delta$, $c_\\Delta$,
    $c_2$, $\\gamma_{\\max}$ are to be uniform over horizons, as Theorem 35 asks; then those of the proofs are.
    """,
    conclusion="survives: all constants in the proofs are explicit and free of T",
)
def everything_is_theta_of_everything() -> Shown:
    """2^(-lag) between two multiples of 1 / lag, on 50 tokens."""
    ratios = [Fraction(lag, 2**lag) for lag in range(1, 50)]
    shows = all(min(ratios) <= one <= max(ratios) for one in ratios) and min(ratios) > 0
    text = f"T = 50: {float(min(ratios)):.2g} / lag <= 2^(-lag) <= {float(max(ratios)):.2g} / lag, though 2^(-lag) is no Theta(1/lag)"
    return Shown(shows, text)


ERRATA: tuple[Erratum, ...] = (
    one_frozen_step,
    slow_rates_remember,
    euler_overshoots,
    arbitrary_start,
    everything_is_theta_of_everything,
)
