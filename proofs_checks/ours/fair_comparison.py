"""The comparison under equal bounds: which profiles each layer realises, and what a free gain adds."""

from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from flint import arb

from proofs_checks import retrieval_networks
from proofs_checks.evidence import Evidence
from proofs_checks.ours.comparison import STEPS, ball, leak_vanishes
from proofs_checks.statement import Bend, states
from sessa_ref.theory import convolution_derivations as convolution_derived
from sessa_ref.theory import depth, retrieval
from sessa_ref.theory.uniform_routing import uniform_influence


@states(
    "ours:fair-comparison",
    "The fair comparison: Sessa wins by the power lag^gamma",
    where="answers the question of Sections 4.2.8 and 4.2.9 under matched bounds",
    says=r"""
    Give all classes the same blocks (identity normalisation, gates, adapters, a bounded position embedding), a fixed
    depth, and bounds that do not depend on $H$ on weights, values, gates, logits and gains,
    $|\gamma_t| \le \gamma < 1$; attention is the class with gain 0. Let routing be exactly uniform ($\Delta = 0$) on
    both sides. On every bounded source family:

    1. attention realises $\nu$ if and only if $\nu \le -1$;
    2. Sessa with $0 < \gamma < 1$ realises $\nu$ if and only if $\nu \le -(1-\gamma)$;
    3. state-space stacks with failed freeze time realise no $\nu$ at all.

    For logits of spread at most $\Delta$ item 1 stays, and if $\gamma e^\Delta < 1$, Sessa realises no
    $\nu > -(1 - \gamma e^\Delta)$. One transport layer suffices in 1 and 2. The margin of that network exceeds the
    margin that it has without its gain by the factor $\ell^\gamma$, up to constants; against all networks of depth $N$
    the factor is $\ell^\gamma$ up to powers of $\log \ell$. Neither freezes.
    """,
    proof=r"""
    *The bounds give the hypotheses.* Inputs lie in one ball, so by Proposition 2 all tokens of all blocks do, uniformly
    in $H$, because $\gamma < 1$. Values, gates and logits are then token-wise maps with uniform Lipschitz constants.
    Weights are at most $e^\Delta$ over the number of visible tokens (Lemma C.1), and token $\tau < t$ enters row $t$
    through its own key alone, so by Lemma 4.3 a row moves by $O(1/(t+1))$. These are Corollary 4.7 (i) for gain 0, and
    Appendix B's assumptions with $c_2 = e^\Delta$, $\eta = \gamma e^\Delta$, otherwise; adapters are bounded too.

    *Not realised.* 1: `ours:deep-attention` bounds a stack by
    $\frac{1}{1+\ell} \sum_k E_k \frac{(\log \ell)^{k-1}}{(k-1)!}$. 2: `ours:deep-diffuse-sessa`. 3: Proposition 33. In
    each, envelope over $\ell^\nu$ tends to 0, so no $c_-$ serves every $H$.

    *Realised.* The selector of `ours:attention-with-the-same-freedom` gives token $\tau_*$ weight 1, tokens before it
    0, and all later ones together at most $\delta < \frac12$; its number of steps depends on $\tau_{\max}$ alone. A
    transport block then sends token $\tau$ to $t$ with $L(t,\tau) = \sum_{\tau \le k \le t} K_{t,k}/(k+1)$, which falls
    with $\tau$, so that $(1-\delta) L(t,\tau_*) \le M \le L(t,\tau_*)$. With gain 0,
    $L = \frac{1}{t+1} \ge \frac{1}{(\tau_*+1)(1+\ell)}$. With gain $\gamma$ the term $k = \tau_*$ alone is
    $\frac{\gamma\, a_{\tau_*} b_t}{\tau_*+1}$, with $a_\tau$ and $b_t$ as in `ours:deep-diffuse-sessa` for
    $\eta = \gamma$. By `ours:gamma-ratio` $b_t \ge (t+\gamma)^{\gamma-1}$, and $t + \gamma \le (\tau_*+1)(1+\ell)$, so
    $L \ge \gamma\, a_{\tau_*} (\tau_*+1)^{\gamma-2} (1+\ell)^{\gamma-1}$. These constants are positive on the bounded
    family of sources, and $L(\tau_*+1, \tau_*) \le 2$. A smaller $\nu$ asks for less.

    *The factor.* Without its gain the network's margin is at most $\frac{1}{t+1} \le \frac{1}{1+\ell}$, with it at
    least a constant times $(1+\ell)^{\gamma-1}$. Any network of depth $N$ with gain 0 has a margin of at most a
    constant times $\frac{(1 + \log \ell)^{N-1}}{1+\ell}$, by the bound in 1.
    """,
    needs=(
        "def:5",
        "prop:2",
        "lem:4.3",
        "lem:C.1",
        "prop:13",
        "prop:33",
        "ours:deep-attention",
        "ours:deep-diffuse-sessa",
        "ours:attention-with-the-same-freedom",
        "ours:gamma-ratio",
    ),
    trust="real arithmetic; every H and lag; that the bounds give the hypotheses is argued in the proof; the selector's leak is computed "
    "for tau_max = 2, and tends to 0 for every tau_max; real layers in float64, T up to 30",
    bends=(
        Bend("Sessa's profile -(1 - gamma) + 1/2", {"gained": Fraction(1, 2)}),
        Bend("attention's profile -9/10", {"attention": Fraction(-9, 10)}),
        Bend("Sessa without feedback", {"feedback": 0}),
    ),
)
def fair_comparison(
    evidence: Evidence, *, gained: Fraction = Fraction(0), attention: Fraction = Fraction(-1), feedback: int = 1
) -> None:
    """What is realised: margins in balls at long lags, and their lower bound for all; what is not: limits."""
    lag, q, c, r = sympy.symbols("lag q c r", positive=True)
    for N in range(1, 5):
        envelope = lag ** (-q) * (2 + sympy.log(lag)) ** (N - 1)
        evidence.identity(
            "attention realises nothing above -1",
            sympy.limit(envelope, lag, sympy.oo),
            f"N = {N}, nu = -1 + q; N = 2 gives every N > 2, by (N-1)-th roots",
        )
        evidence.identity(
            "Sessa realises nothing above",
            sympy.limit(envelope, lag, sympy.oo),
            f"N = {N}, nu = -(1-gamma) + q, by ours:deep-diffuse-sessa with eta = gamma",
        )
        evidence.identity(
            "state space realises nothing",
            sympy.limit((1 + lag) ** (N - 1 + r) * sympy.exp(-c * lag), lag, sympy.oo),
            f"N = {N}, nu = -r",
        )
    _wendel(evidence, "Sessa realises -(1 - gamma)")
    for claim in ("attention realises -1", "Sessa realises -(1 - gamma)"):
        leak_vanishes(evidence, claim)
    last, pairs, flat, won = (300 if evidence.quick else 10_000), [], [], []
    for source, steps in STEPS.items():
        kept = 1 - retrieval.selector_leak(source, steps)
        for at, margin in _margins(source, steps, arb(0), last):
            claimed = ball(kept) / (source + 1) * arb(1 + at) ** ball(attention)
            flat.append((claimed, margin, f"tau* = {source}, lag = {at}"))
        for gamma in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)):
            c_minus = ball(kept) * _least_constant(source, ball(gamma))
            for at, margin in _margins(source, steps, ball(gamma * feedback), last):
                text = f"gamma = {gamma}, tau* = {source}, lag = {at}"
                pairs.append((c_minus * arb(1 + at) ** -(1 - ball(gamma + gained)), margin, text))
                won.append((c_minus * arb(1 + at) ** ball(gamma), margin * (source + at + 1), text))
    source_, at_ = sympy.symbols("source lag", nonnegative=True)
    evidence.identity(
        "attention realises -1",
        sympy.expand((source_ + 1) * (1 + at_) - (source_ + at_ + 1) - source_ * at_),
        "M >= (1 - leak)/(t + 1), and (tau* + 1)(1 + lag) - (t + 1) = tau* lag; the leak holds for every horizon",
    )
    evidence.identity(
        "the factor lag^gamma",
        sympy.expand((source_ + at_ + 1) - (1 + at_) - source_),
        "the same network: without gain its margin is at most 1/(t + 1) <= 1/(1 + lag), with it at least c_- (1 + lag)^(gamma - 1)",
    )
    evidence.enclosed(
        "attention realises -1",
        flat,
        f"M >= (1 - leak)/(t + 1), t + 1 <= (tau* + 1)(1 + lag), for every lag; shown in balls up to {last}",
    )
    evidence.enclosed(
        "Sessa realises -(1 - gamma)", pairs, f"beside the proof: balls of the margins, lags up to {last}"
    )
    evidence.enclosed(
        "the factor lag^gamma",
        won,
        f"attention's margin is at most 1/(t + 1) <= 1/(1 + lag); shown in balls up to lag {last}",
    )
    chosen, T, gains = (0, 12, (0.5,)) if evidence.quick else (2, 30, (0.0, 0.5, 0.9))
    for gain in gains:
        network = retrieval_networks.retrieval_network(chosen, STEPS[chosen], gain * feedback)
        scores = retrieval_networks.scores(network, T, evidence.rng)
        by_torch = retrieval_networks.scores_by_torch(network, T, evidence.rng)
        evidence.agreement(
            float(np.abs(by_torch - scores[:, :4]).max()), 1e-12, f"torch layer against the reference, gain {gain}"
        )
        if gain:
            kept = 1 - float(retrieval.selector_leak(chosen, STEPS[chosen]))
            least = kept * _least_constant(chosen, gain) * np.arange(2.0, T - chosen + 1) ** (gain - 1)
            ratio = float(np.max(least / retrieval.margins(scores, chosen)))
            evidence.constructed(
                "Sessa realises -(1 - gamma)", ratio, 1.0, f"real blocks, T = {T}", f"gain {gain}, tau* = {chosen}"
            )


def _wendel(evidence: Evidence, claim: str) -> None:
    """Gamma(t+gamma)/Gamma(t+1) >= (t+gamma)^(gamma-1), and Gamma(tau+1)/Gamma(tau+1+gamma) >= (tau+1)^(-gamma)."""
    t, g = sympy.symbols("t g", positive=True)
    b = sympy.gamma(t + g) / sympy.gamma(t + 1)
    a = sympy.gamma(t + 1) / sympy.gamma(t + 1 + g)
    x = 1 / (t + g)
    evidence.identity(
        claim,
        [
            convolution_derived.simplified((b.subs(t, t + 1) / b) - (t + g) / (t + 1)),
            sympy.simplify(1 + (1 - g) * x - (t + 1) / (t + g)),
            convolution_derived.simplified((a.subs(t, t + 1) / a) - (t + 1) / (t + 1 + g)),
            *convolution_derived.bernoulli_defects(),
        ],
        "b_t (t+gamma)^(1-gamma) falls to 1 and a_tau (tau+1)^gamma to 1 (Bernoulli); the margin is at least (1 - leak) L(t, tau*), because L falls with "
        "tau, and L(t, tau*) >= K_{t, tau*}/(tau* + 1)",
    )


def _least_constant(source: int, gamma: Any) -> Any:
    """gamma a_tau (tau+1)^(gamma-2): L(t, tau) >= K/(tau+1) >= this (1+lag)^(gamma-1), as t + gamma <= (tau+1)(1+lag)."""
    a_b = uniform_influence(0 * gamma + source, 0 * gamma + source + 1, gamma)  # gamma / (tau + 1)
    b = depth.diffuse_envelope(gamma, 0 * gamma + source, 0 * gamma + source + 1)
    rise = a_b / b  # gamma: K = gamma a_tau b_t
    a = 1 / depth.rising(0 * gamma + source + 1, gamma)
    return rise * a * (0 * gamma + source + 1) ** (gamma - 2)


def _margins(source: int, steps: int, gamma: arb, last: int) -> list[tuple[int, arb]]:
    """(lag, a lower bound of the margin) in balls: the transport of w_* at tau* and -|w| elsewhere, which is linear."""
    factors, found = retrieval.selector(source, steps), []
    read, states = arb(0), arb(0)
    wanted = {lag for lag in (1, 2, 5, 10, 30, 100, 300, 1000, 3000, 10_000) if lag <= last}
    numbers = [(ball(A), ball(B)) for A, B in factors]
    for t in range(source + last + 1):
        weight = arb(1)
        if t < source:
            weight = arb(0)
        elif t > source:
            for A, B in numbers:
                weight *= A / (t + 1) + B
            weight = -abs(weight)
        read += weight
        state = read / (t + 1) + (gamma * states / t if t else 0)
        states += state
        if t - source in wanted:
            found.append((t - source, state))
    return found


@states(
    "ours:fair-comparison-free-gain",
    "With gains that may approach 1, diffuse Sessa freezes",
    where="answers the question of Sections 4.2.8 and 4.2.9 where only values, gates and logits are matched",
    says=r"""
    As in `ours:fair-comparison`, but the gain is bounded by nothing except $|\gamma_t| < 1$, which the layer
    guarantees. Then one transport layer of Sessa, with exactly uniform routing and the constant gain
    $\gamma_H = 1 - 1/\log(T_H + 3)$, realises $\nu = 0$:
    $M_{\tau_*+\ell,\tau_*} \ge \frac{(1-\delta)\gamma_1}{e\,(\tau_*+1)^2}$ for all $\ell \le H$ and all $H$. The price
    is the bound $1/(1-\gamma_H) = \log(T_H + 3)$ on the solve. No $\nu > 0$ is realised with uniform routing and
    horizon-uniform $A_n$, $d_n$; attention, whose bounds have not changed, still realises $\nu \le -1$ alone. (A
    state-space layer has the same knob: with the rate $1/H$ its memory factor is at least $e^{-1}$ at all lags up to
    $H$. Failed freeze time forbids that.)
    """,
    proof=r"""
    *Sessa realises 0.* Take the network in the proof of `ours:fair-comparison`, with the gain $\gamma = \gamma_H$ in
    its transport block. Its margin is at least
    $(1-\delta) L(t, \tau_*) \ge (1-\delta) \frac{\gamma\, a_{\tau_*} b_t}{\tau_* + 1}$ with
    $a_\tau = \frac{\Gamma(\tau+1)}{\Gamma(\tau+1+\gamma)}$, $b_t = \frac{\Gamma(t+\gamma)}{\Gamma(t+1)}$. Three bounds
    remain.

    1. $\Gamma(x + \gamma) \le x^\gamma\, \Gamma(x)$, because $\log \Gamma$ is convex, so
       $a_\tau \ge (\tau+1)^{-\gamma} \ge \frac{1}{\tau+1}$.
    2. By `ours:gamma-ratio` $b_t \ge (t+\gamma)^{\gamma-1}$. As $t + \gamma \le T_H + 3 = X$ and the exponent is
       $\gamma - 1 = -\frac{1}{\log X}$, this is at least $X^{-1/\log X} = \frac1e$.
    3. $\gamma_H$ rises with $H$, so $\gamma_H \ge \gamma_1 = 1 - \frac{1}{\log(\tau_{\max} + 5)} > 0$.

    Together $M \ge \frac{(1-\delta)\, \gamma_1}{e\, (\tau_*+1)^2}$. At lag 1 the margin is at most
    $L(\tau_* + 1, \tau_*) = \frac{1}{\tau_*+2} + \frac{\gamma}{(\tau_*+1)^2} \le 2$. The bound on the solve is
    $1/(1-\gamma_H) = \log(T_H + 3)$.

    *Nothing above 0.* With uniform routing $c_2 = 1$ and $\eta = \gamma_{\max} < 1$. The proof of
    `ours:deep-diffuse-sessa` bounds the Jacobian by $a_\tau b_t \sum_k E_k \frac{(1 + \log \ell)^{k-1}}{(k-1)!}$, and
    $a_\tau b_t \le \frac{1}{\Gamma(1+\eta)} \ell^{\eta-1} \le \frac{1}{\min \Gamma} < 1.13$ whatever $\eta$ is. If the
    $A_n$ and $d_n$, and so the $E_k$, do not depend on the horizon, then for $\nu > 0$ this over $(1+\ell)^\nu$ tends
    to 0.

    *The others.* Nothing has changed for attention, whose gain is 0. For the remark on state space:
    $e^{-\ell/H} \ge e^{-1}$ for $\ell \le H$.
    """,
    needs=("ours:fair-comparison", "ours:deep-diffuse-sessa", "ours:gamma-ratio"),
    trust="real arithmetic; every H; the constant is computed for tau_max = 2; real layers in float64, T up to 40",
    bends=(
        Bend("a gain of 9/10 at every horizon", {"gain": Fraction(9, 10)}),
        Bend("the profile 1/10", {"nu": Fraction(1, 10)}),
    ),
)
def fair_comparison_with_free_gain(
    evidence: Evidence, *, gain: Fraction | None = None, nu: Fraction = Fraction(0)
) -> None:
    """b_t >= (t+gamma)^(gamma-1) >= 1/e for the horizon's gain; balls at horizons up to 10^8, real layers at T up to 40."""
    _wendel(evidence, "Sessa realises 0")
    x, lag, q = sympy.symbols("x lag q", positive=True)
    evidence.identity(
        "Sessa realises 0",
        [sympy.simplify(sympy.log(x) * (-1 / sympy.log(x)) + 1)],
        "log of x^(gamma-1) for gamma - 1 = -1/log x is -1, and t + gamma <= T + 3 = x: b_t >= 1/e; a_tau >= 1/(tau+1)",
    )
    for N in range(1, 5):
        over = lag ** (-q) * (2 + sympy.log(lag)) ** (N - 1)
        evidence.identity(
            "nothing above 0",
            sympy.limit(over, lag, sympy.oo),
            f"N = {N}, nu = q: a_tau b_t <= 1/Gamma(1+gamma) < 1.13 for every gain",
        )
    pairs = []
    for source, steps in STEPS.items():
        kept = ball(1 - retrieval.selector_leak(source, steps))
        for horizon in (10, 1000, 10**5, 10**8):
            T = horizon + 3
            gamma = ball(gain) if gain is not None else 1 - 1 / arb(T + 3).log()
            first = 1 - 1 / arb(7).log()
            for at in (1, horizon // 3, horizon):
                K = uniform_influence(arb(source), arb(source + at), gamma)
                claimed = kept * first / (arb(1).exp() * (source + 1) ** 2) * arb(1 + at) ** ball(nu)
                pairs.append((claimed, kept * K / (source + 1), f"tau* = {source}, H = {horizon}, lag = {at}"))
    evidence.enclosed(
        "Sessa realises 0", pairs, "beside the proof: balls of (1 - leak) K/(tau* + 1), horizons up to 10^8"
    )
    for T in (8, 16) if evidence.quick else (10, 40):
        value = float(gain) if gain is not None else 1 - 1 / np.log(T + 3)
        network = retrieval_networks.retrieval_network(0, STEPS[0], value)
        margin = retrieval.margins(retrieval_networks.scores(network, T, evidence.rng), 0)
        least = (
            (1 - float(retrieval.selector_leak(0, STEPS[0])))
            * (1 - 1 / np.log(7))
            / np.e
            * np.arange(2.0, T + 1) ** float(nu)
        )
        evidence.constructed(
            "Sessa realises 0", float(np.max(least / margin)), 1.0, "real blocks with the horizon's gain", f"T = {T}"
        )


ROWS = (fair_comparison, fair_comparison_with_free_gain)
