"""Polynomial decay of impulse influence (Theorem 8, Theorem 28 and what follows from it; Lemma B.5).

Two things are done for each statement: the paper's proof in symbols, for all T, routings and gains, and the worst case over
all admissible routings and gains for finite T, found exactly. The extremal routing puts c2/t on the tokens of largest influence
(the earliest from the source on) until the row is full; for c2 <= 1 that is c2/t everywhere, uniform routing with gain eta.
"""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks.diffuse_layer import diffuse_layer, tokens, trace
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from proofs_checks.torch_layer import outputs_agree
from proofs_checks.worst_routing import (
    CONSTANTS,
    Case,
    ball,
    enclose_late_worst_case,
    enclose_worst_case,
    worst_influence,
)
from sessa_ref.certified import exact
from sessa_ref.theory.diffuse_routing import diffuseness, tail_constant

_PROOF = "real arithmetic; all T, routings and gains that the hypotheses admit, by the paper's proof in symbols"
_WORST = f"the worst case, exactly, for T up to 40 and {len(CONSTANTS)} pairs (gamma_max, c2)"
_BENDS = (
    Bend("a constant smaller by a tenth", {"constant": 0.9}),
    Bend("no envelope: all rows may read one token alone", {"envelope": False}),
    Bend("gains up to 11/10 of gamma_max", {"gain": 1.1}),
)


def prove(evidence: Evidence, claim: str, constant: float = 1.0) -> None:
    """The paper's proof: |y_n| <= (eta/n) S_(n-1), S_n = S_(n-1) (1 + eta/n) <= e^(eta H_n), H_n <= 1 + log n.

    It holds at any source: alpha_(tau + n, tau + r) <= c2/(tau + n) <= c2/n. Neither rows that sum to at most 1 nor eta < 1 is used.
    """
    n, tau, eta, x, S = sympy.symbols("n tau eta x S", positive=True)
    gamma_max, c2 = sympy.symbols("gamma_max c2", positive=True)
    log = sympy.log
    evidence.nonnegative(claim, 1 / n - 1 / (n + tau), "the envelope after a shift by the source: c2/(tau + n) <= c2/n")
    evidence.identity(
        claim,
        (gamma_max * (c2 / n) * S - eta / n * S).subs(eta, gamma_max * c2),
        "comparison: |y_n| <= gamma_max sum of (c2/n) |y_r| = (eta/n) S_(n-1), by induction over n",
    )
    evidence.nonnegative(claim, sympy.diff(x - log(1 + x), x), "log(1 + x) <= x: equal at 0, and the slope is >= 0")
    evidence.nonnegative(
        claim,
        sympy.diff(log(1 + x) - x / (1 + x), x),
        "H_n <= 1 + log n: equal at n = 1, and log(1 + x) >= x/(1 + x) at x = 1/n gives each step",
    )
    bound = sympy.nsimplify(constant) * tail_constant(eta) * n ** (eta - 1)
    evidence.identity(
        claim,
        sympy.powsimp(sympy.expand_power_exp(sympy.expand(eta / n * sympy.exp(eta * (1 + log(n))))) / bound) - 1,
        "(eta/n) e^(eta (1 + log n)) = eta e^eta n^(eta - 1), the claimed bound",
    )


def bound(eta: Fraction, lag: int) -> arb:
    """eta e^eta lag^(eta - 1), enclosed; for any eta > 0."""
    return ball(eta) * ball(eta).exp() * arb(lag) ** (ball(eta) - 1)


def survey(
    evidence: Evidence,
    claim: str,
    constant: float = 1.0,
    envelope: bool = True,
    gain: float = 1.0,
    **choices: Any,
) -> None:
    """The worst case over all admissible routings and gains against constant * eta e^eta lag^(eta - 1)."""

    def claimed(case: Case) -> arb:
        return arb(constant) * bound(case.gamma * case.c2, case.lag)

    enclose_worst_case(evidence, claim, claimed, envelope=envelope, gain=gain, **choices)


@states(
    "thm:28",
    "Polynomial decay of the impulse response",
    where="Appendix E.4, Theorem 28, (62)",
    says=r"""
    Let $y_0 = 1$, $y_t = \gamma_t \sum_{j<t} \alpha_{t,j} y_j$ with $\alpha_{t,j} \ge 0$, $\sum_j \alpha_{t,j} \le 1$,
    $\alpha_{t,j} \le c_2/t$, $|\gamma_t| \le \gamma_{max} < 1$ and $0 < \eta = \gamma_{max} c_2 < 1$. Then, for all $t \ge 1$,
    $|y_t| \le \eta e^{\eta}\, t^{-\beta_{tail}}$ with $\beta_{tail} = 1 - \eta$; in particular $y_t \to 0$.
    """,
    needs=("asm:26", "asm:27"),
    trust=f"{_PROOF}; {_WORST}, and in balls for T = 2001",
    bends=(*_BENDS, Bend("weights may be negative, down to -3", {"smallest_weight": -3.0})),
)
def impulse_response_decays(
    evidence: Evidence,
    *,
    constant: float = 1.0,
    envelope: bool = True,
    gain: float = 1.0,
    smallest_weight: float = 0.0,
) -> None:
    """The worst case first, then the proof. Without the row sums, or for eta >= 1, the inequality stays true."""
    survey(evidence, "the bound", constant, envelope, gain)
    prove(evidence, "the bound", constant)
    enclose_late_worst_case(evidence, "the bound", lambda case: arb(constant) * bound(case.gamma * case.c2, case.lag))
    survey(evidence, "the bound", constant, row_sums=False)
    beyond = [(Fraction(9, 10), Fraction(2)), (Fraction(9, 10), Fraction(10))]
    survey(evidence, "the bound", constant, pairs=beyond)  # true, but t^(eta - 1) does not fall
    first = [(max(min(c2, Fraction(1)), abs(Fraction(smallest_weight))) * gamma, gamma * c2) for gamma, c2 in CONSTANTS]
    evidence.enclosed(
        "the bound",
        [(ball(y), arb(constant) * bound(eta, 1), f"t = 1, eta = {eta}") for y, eta in first],
        f"row 1 with weights from {smallest_weight} on: the largest |y_1|",
    )
    t, beta = sympy.symbols("t beta", positive=True)
    evidence.identity("the limit", sympy.limit(t**-beta, t, sympy.oo), "t^(-beta) tends to 0 for beta > 0")


@states(
    "cor:E.3",
    "Polynomial decay on a finite horizon",
    where="Appendix E.5, Corollary E.3",
    says=r"""
    Fix $T \ge 1$ and let the hypotheses of Theorem 28 hold for $1 \le t \le T - 1$. Then
    $|y_t| \le \eta e^{\eta}\, t^{-\beta_{tail}}$ for $t \in \{1, \dots, T-1\}$, with the same constant; at $T = 1$ nothing is claimed.
    """,
    needs=("thm:28",),
    trust=f"{_PROOF}; {_WORST}; every horizon T from 1 to 12",
    bends=(*_BENDS, Bend("the last row of the horizon is free", {"last_row_free": True})),
)
def finite_horizon(
    evidence: Evidence,
    *,
    constant: float = 1.0,
    envelope: bool = True,
    gain: float = 1.0,
    last_row_free: bool = False,
) -> None:
    """y_t reads rows 1 to t alone, so later rows do not matter: the proof of Theorem 28 up to T - 1."""
    survey(evidence, "the bound", constant, envelope, gain)
    cases = []
    for gamma, c2 in CONSTANTS:
        for T in range(2, 13):
            y = worst_influence(T, gamma, c2)
            if last_row_free:
                y[-1] = gamma * max(y[:-1])
            name = f"gamma_max {gamma}, c2 {c2}, T = {T}"
            cases += [(ball(v), arb(constant) * bound(gamma * c2, t), name) for t, v in enumerate(y) if t > 0]
    evidence.enclosed("the bound", cases, "the worst case on every horizon T from 2 to 12")
    prove(evidence, "the bound", constant)


@states(
    "cor:E.4",
    "Polynomial decay from an impulse at any position",
    where="Appendix E.6, Corollary E.4",
    says=r"""
    Let $f_j = 1$ and $f_t = 0$ for $t \ne j$, so that $y_t = 0$ for $t < j$, under Assumptions 26 and 27 with
    $0 < \eta = \gamma_{max} c_2 < 1$. Then $|y_t| \le \eta e^{\eta} (t - j)^{-\beta_{tail}}$ for all $t > j$.
    """,
    needs=("thm:28", "asm:26", "asm:27"),
    trust=f"{_PROOF}; {_WORST}, sources 0, 1, 2, 7",
    bends=_BENDS,
)
def impulse_at_any_position(
    evidence: Evidence, *, constant: float = 1.0, envelope: bool = True, gain: float = 1.0
) -> None:
    """The worst source is 0: at source j the rows begin at c2/(j + 1)."""
    survey(evidence, "the bound", constant, envelope, gain, sources=(0, 1, 2, 7))
    prove(evidence, "the bound", constant)


@states(
    "thm:8",
    "Polynomial decay of impulse influence",
    where="Section 4.2.6, Theorem 8",
    says=r"""
    Let $y_\tau = 1$ and $y_t = \gamma_t \sum_{j<t} \alpha_{t,j} y_j$ for $t > \tau$, with $\alpha_{t,j} \ge 0$ and
    $\sum_j \alpha_{t,j} \le 1$ (31), under Assumptions 6 and 7 with $\beta_{tail} = 1 - \gamma_{max} c_2 \in (0, 1]$. Then for all
    lags $\ell \ge 1$, $|y_{\tau+\ell}| \le C\, \ell^{-\beta_{tail}}$ with $C = (1 - \beta_{tail}) e^{1 - \beta_{tail}}$, uniformly
    over $\tau$. At $\beta_{tail} = 1$ this says that $y_{\tau+\ell} = 0$.
    """,
    needs=("asm:6", "asm:7", "cor:E.4", "rem:E.2"),
    trust=f"{_PROOF}; {_WORST}, sources 0, 1, 5",
    bends=_BENDS,
)
def influence_decays(evidence: Evidence, *, constant: float = 1.0, envelope: bool = True, gain: float = 1.0) -> None:
    """Corollary E.4 for beta_tail < 1; gains of 0 for beta_tail = 1; and a real layer's own B."""
    survey(evidence, "beta_tail < 1", constant, envelope, gain, sources=(0, 1, 5))
    prove(evidence, "beta_tail < 1", constant)
    silent = worst_influence(8, Fraction(0), Fraction(3), 2)[1:]
    evidence.exact(
        "beta_tail = 1", [(y, Fraction(0), "gamma_max = 0") for y in silent], "C = 0, and the largest |y| is 0"
    )
    layer_keeps_the_bound(evidence)


def layer_keeps_the_bound(evidence: Evidence) -> None:
    """(I - B)^(-1) of a layer in the diffuse regime, with its own c2 and largest gain, under the bound."""
    steps = trace(tokens(48, evidence.rng))
    eta = float(np.abs(steps.gamma).max()) * diffuseness(steps.alpha_fb)
    K = np.linalg.inv(np.eye(48) - steps.B)
    lag = np.subtract.outer(np.arange(48), np.arange(48))
    below = lag > 0
    ratio = float(np.max(np.abs(K[below]) / (tail_constant(eta) * lag[below] ** (eta - 1.0))))
    evidence.agreement(ratio, 1.0, f"a layer's own B, eta = {eta:.3f}, T = 48: largest influence over the bound")
    outputs_agree(evidence, diffuse_layer(), tokens(32, evidence.rng))


@states(
    "lem:B.5",
    "Polynomial tail of the inverse kernel",
    where="Appendix B.3, Lemma B.5",
    says=r"""
    Let $K = (I - B)^{-1}$ with $B_{t,j} = \gamma_t \alpha_{t,j}$, rows of $\alpha$ nonnegative with sum 1 and
    $\alpha_{t,j} \le c_2/t$, $|\gamma_t| \le \gamma_{max} < 1$, $\eta = \gamma_{max} c_2 \in (0, 1)$. Then $K_{t,t} = 1$ and
    $|K_{t,k}| \le \eta e^{\eta} (t - k)^{-\beta_{tail}}$ for $0 \le k < t \le T - 1$. (Rows that sum to 1 need $c_2 \ge 1$.)
    """,
    needs=("asm:15", "asm:16", "cor:E.4"),
    trust=f"{_PROOF}; {_WORST} with c2 >= 1, sources 0, 1, 3; the extremal K inverted in exact rationals",
    bends=_BENDS,
)
def inverse_kernel_decays(
    evidence: Evidence, *, constant: float = 1.0, envelope: bool = True, gain: float = 1.0
) -> None:
    """Columns of K are impulse responses. Full rows are worst anyway, so the sum 1 changes nothing for c2 >= 1."""
    stochastic = [(gamma, c2) for gamma, c2 in CONSTANTS if c2 >= 1]
    survey(evidence, "below the diagonal", constant, envelope, gain, sources=(0, 1, 3), pairs=stochastic)
    prove(evidence, "below the diagonal", constant)
    for gamma, c2 in stochastic[1:5]:
        K = exact.inverse(_earliest(12, gamma, c2))
        worst = worst_influence(12, gamma, c2)
        evidence.identity(
            "below the diagonal",
            [K[t, 0] - fmpq(v.numerator, v.denominator) for t, v in enumerate(worst)],
            f"earliest routing attains the worst case, gamma_max {gamma}, c2 {c2}, T = 12",
        )
        evidence.identity(
            "the diagonal", [K[t, t] - 1 for t in range(12)], "K_tt = 1, T = 12; I - B has a unit diagonal"
        )
    layer_keeps_the_bound(evidence)


def _earliest(T: int, gamma: Fraction, c2: Fraction) -> list[list[Fraction]]:
    """gamma times rows that put c2/t on the earliest tokens until they sum to 1."""
    zero = Fraction(0)
    return [[gamma * max(zero, min(c2 / t, 1 - j * c2 / t)) if j < t else zero for j in range(T)] for t in range(T)]


@states(
    "rem:4.5",
    "Subcriticality",
    where="Section 4.2.6, Remark 4.5",
    says=r"""
    A polynomial tail in prose means the regime $\alpha_{t,j} \le c_2/t$, $|\gamma_t| \le \gamma_{max}$, $\gamma_{max} c_2 < 1$.
    Bounded gains alone do not suffice; Theorem 8 gives decay where $\gamma_{max} c_2 < 1$ only. The exponent $\beta_{tail}$ is sharp: under
    uniform routing with $\gamma \in (0, 1)$ the influence is $\Theta_\tau(\ell^{-(1 - \gamma)})$.
    """,
    needs=("thm:8", "cor:F.2"),
    trust="real arithmetic; all T for the witnesses; Theta itself is Corollary F.2; that the decay itself survives gamma_max c2 >= 1 is ours:row-sum-exponent",
    bends=(Bend("a witness that is subcritical", {"eta": 0.5}),),
)
def subcriticality(evidence: Evidence, *, eta: float = 1.5) -> None:
    """Without an envelope nothing decays; without row sums and with eta >= 1 the extremal influence does not decrease."""
    gamma = Fraction(1, 10)
    alone = worst_influence(30, gamma, Fraction(1), envelope=False)[1:]
    evidence.exact(
        "bounded gains do not suffice",
        [(gamma, y, f"lag {lag}") for lag, y in enumerate(alone, 1)],
        "rows that read the source alone: y = gamma_max = 1/10 at every lag, whatever the lag",
    )
    supercritical = Fraction(eta).limit_denominator(1000)
    free = worst_influence(30, Fraction(9, 10), supercritical / Fraction(9, 10), row_sums=False)[1:]
    evidence.exact(
        "gamma_max c2 < 1 is used",
        [(earlier, later, f"lag {lag}") for lag, (earlier, later) in enumerate(pairwise(free), 1)],
        f"rows c2/t without a bound on their sums, eta = {eta}: the influence does not decrease",
    )
    n, g = sympy.symbols("n g", positive=True)
    evidence.nonnegative(
        "gamma_max c2 < 1 is used",
        (n + 1 + g) / (n + 1) - 1,
        "every lag: y_(n+1)/y_n = (n + eta)/(n + 1) >= 1, eta = 1 + g",
    )
    step = (n + g) / (n + 1)  # y_(n+1) / y_n under uniform routing
    exponent = sympy.limit(n * (1 - step), n, sympy.oo)
    evidence.identity(
        "the exponent is sharp", exponent - (1 - g), "uniform routing: n (1 - y_(n+1)/y_n) tends to 1 - gamma"
    )


ROWS = (
    influence_decays,
    subcriticality,
    inverse_kernel_decays,
    impulse_response_decays,
    finite_horizon,
    impulse_at_any_position,
)
