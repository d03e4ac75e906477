"""Is the comparison of the layers fair? What matched bounds allow, and what is won without them."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks import deep_stacks, retrieval_networks
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from sessa_ref import reference
from sessa_ref.theory import convolution_derivations as convolution_derived
from sessa_ref.theory import depth, retrieval
from sessa_ref.theory.derivations import uniform_recurrence_defect
from sessa_ref.theory.uniform_routing import uniform_influence

STEPS = {0: 3, 1: 5, 2: 9}
"""How often the selector multiplies by 1/(t + 1), by source, so that less than half of the source's weight leaks."""


@states(
    "ours:deep-diffuse-sessa",
    "Depth adds logarithms to diffuse Sessa, and no power",
    where="sharpens Proposition 34; answers Theorem 12 for blocks that are bounded uniformly in the horizon",
    says=r"""
    Let $N$ Sessa blocks satisfy Appendix B's assumptions with constants that do not depend on the horizon, $\eta = \gamma_{\max} c_2 < 1$. With
    $a_\tau = \frac{\Gamma(\tau+1)}{\Gamma(\tau+1+\eta)}$ and $b_t = \frac{\Gamma(t+\eta)}{\Gamma(t+1)}$, one block has
    $\lVert \partial F_t / \partial u_\tau \rVert \le A\, a_\tau b_t$, $A = (\eta A_0 + A_1) \lVert W_{out} \rVert G_R$, and the stack
    $$\Bigl\lVert \frac{\partial h_t}{\partial x_\tau} \Bigr\rVert \le a_\tau b_t \sum_{k=1}^{N} E_k \frac{S^{k-1}}{(k-1)!}, \qquad
    S = \sum_{\tau < i < t} \frac{1}{i+\eta} \le 1 + \log\frac{t}{\tau+1},$$
    where $\prod_n (d_n + A_n z) = \sum_k E_k z^k$. This is $O\bigl(\ell^{-(1-\eta)} (\log \ell)^{N-1}\bigr)$, uniformly in $\tau$. Hence such stacks
    realise no profile $\nu > -(1-\eta)$, whatever their depth.
    """,
    needs=("thm:31", "def:5", "thm:23"),
    trust="real arithmetic; every N, tau, t and eta in (0, 1); real stacks in float64",
    bends=(
        Bend("the bound smaller by a tenth", {"constant": Fraction(9, 10)}),
        Bend("a_i b_i = 1/(i + 1)", {"product": 1}),
        Bend("the last power of S left out", {"powers": -1}),
        Bend("a profile of exactly -(1 - eta) for one block", {"above": 0}),
    ),
)
def deep_diffuse_sessa(
    evidence: Evidence, *, constant: Fraction = Fraction(1), product: int = 0, powers: int = 0, above: int = 1
) -> None:
    """One block, the stack, and the limit, in symbols; balls at lags up to 10^4; a stack of real diffuse blocks."""
    eta = sympy.Symbol("eta", positive=True)
    k, tau = sympy.symbols("k tau", integer=True, positive=True)
    a = sympy.gamma(k + 1) / sympy.gamma(k + 1 + eta)
    b = sympy.gamma(k + eta) / sympy.gamma(k + 1)
    evidence.identity(
        "one block",
        uniform_recurrence_defect(),
        "|K_{t,k}| is at most the column of uniform routing with gain eta, eta a_k b_t",
    )
    evidence.identity(
        "one block",
        [
            convolution_derived.simplified(a.subs(k, k - 1) - a - eta * a / k),
            convolution_derived.simplified(a.subs(k, k - 1) * b - 1 / k),
        ],
        "eta a_k / k telescopes, so eta b_t times the sum of a_k/(k+1) is at most b_t (a_tau - a_(t-1)), and 1/(t+1) <= a_(t-1) b_t",
    )
    evidence.identity(
        "stack", convolution_derived.simplified(a * b - 1 / (k + (product or eta))), "a_i b_i = 1/(i + eta)"
    )
    _products(evidence)
    y, lag, q = sympy.symbols("y lag q", positive=True)
    gap = -sympy.log(1 - y) - y
    evidence.identity(
        "stack",
        [gap.subs(y, 0), sympy.simplify(sympy.diff(gap, y) - y / (1 - y))],
        "S is at most 1/(tau+1) plus the sum of 1/i over tau + 1 < i < t, and 1/i <= log(i/(i-1))",
    )
    falls = (tau + 1 + eta) * (tau + lag + 1) - (tau + 1) * (tau + lag + eta)
    evidence.identity(
        "no profile above",
        [sympy.expand(falls - (tau + 1) * (1 - eta) - eta * (tau + lag + 1)), *convolution_derived.bernoulli_defects()],
        "a_tau b_(tau+lag) falls with tau, and Gamma(lag+eta)/Gamma(lag+1) <= lag^(eta-1) (Bernoulli): at most lag^(eta-1)/Gamma(1+eta)",
    )
    for N in range(1, 6):
        over = lag ** (-q * above) * (2 + sympy.log(lag)) ** (N - 1)
        evidence.identity(
            "no profile above",
            sympy.limit(over, lag, sympy.oo),
            f"N = {N}, nu = -(1-eta) + q: envelope over profile tends to 0",
        )
    last, pairs = (1000 if evidence.quick else 10_000), []
    for value, d, A in (
        (Fraction(1, 2), 1, 1),
        (Fraction(4, 5), 1, Fraction(1, 2)),
        (Fraction(1, 10), 8, Fraction(1, 8)),
    ):
        weights = depth.path_weights([ball(d)] * 4, [ball(A)] * 4)
        for source in (0, 20):
            for lag_, total in _path_sums(weights, ball(value), source, last):
                bound = depth.deep_diffuse_sessa_bound(
                    weights[: len(weights) + powers], ball(value), arb(source), arb(source + lag_)
                )
                pairs.append((total, ball(constant) * bound, f"eta = {value}, N = 4, tau = {source}, lag = {lag_}"))
    evidence.enclosed("stack", pairs, f"beside the proof: balls of path sums of the envelopes, lags up to {last}")
    T = 20 if evidence.quick else 64
    x = deep_stacks.tokens(evidence.rng, T, 2)
    stack = [deep_stacks.sessa_block(seed, 2, 0.6) for seed in range(4)]
    measured, (gain, c2) = deep_stacks.measure(stack, x), deep_stacks.routing_constants(stack, x)
    lower = np.tril_indices(T, k=-1)
    envelope = np.ones((T, T))
    envelope[lower] = depth.diffuse_envelope(gain * c2, lower[1].astype(float), lower[0].astype(float))
    weights = depth.path_weights(measured.diagonal(), measured.constants(envelope))
    bound = depth.deep_diffuse_sessa_bound(weights, gain * c2, lower[1].astype(float), lower[0].astype(float))
    evidence.constructed(
        "stack",
        float(np.max(measured.whole[lower] / bound)),
        1.0,
        f"four real blocks, eta = {gain * c2:.3f}, measured constants, T = {T}",
    )


def _products(evidence: Evidence) -> None:
    """Kernels a_tau b_t: a path through i_1 < ... < i_(k-1) has a_tau b_t times the product of a_i b_i."""
    T, N = (4, 2) if evidence.quick else (5, 3)
    a, b, E = sympy.symbols(f"a0:{T}"), sympy.symbols(f"b0:{T}"), sympy.symbols(f"e0:{N + 1}")
    K = sympy.Matrix(T, T, lambda t, j: a[j] * b[t] if j < t else 0)
    total: Any = sum((E[k] * K**k for k in range(1, N + 1)), sympy.zeros(T, T))
    z, differences = sympy.Symbol("z"), []
    for tau in range(T):
        for t in range(tau + 1, T):
            stops = sympy.Poly(sympy.Mul(*(1 + z * a[i] * b[i] for i in range(tau + 1, t))), z)
            nested = sum(E[k] * stops.coeff_monomial(z ** (k - 1)) for k in range(1, N + 1))
            differences.append(sympy.expand(total[t, tau] - a[tau] * b[t] * nested))
    evidence.identity(
        "stack",
        differences,
        "free a and b: a path is a_tau b_t times a_i b_i at its stops; symmetric sums are at most S^(k-1)/(k-1)!",
    )


def _path_sums(weights: Sequence[arb], eta: arb, source: int, last: int) -> list[tuple[int, arb]]:
    """(lag, sum of E_k times the k-fold path sum of a_tau b_t) in balls."""
    sums, found = [arb(1)] + [arb(0)] * (len(weights) - 2), []
    wanted = {lag for lag in (2, 5, 20, 100, 1000, 10_000, 100_000) if lag <= last}
    for t in range(source + 1, source + last + 1):
        if t - source in wanted:
            total = sum((E * s for E, s in zip(weights[1:], sums, strict=True)), arb(0))
            found.append((t - source, total * depth.diffuse_envelope(eta, arb(source), arb(t))))
        stop = 1 / (t + eta)
        for k in range(len(sums) - 1, 0, -1):
            sums[k] += sums[k - 1] * stop
    return found


@states(
    "ours:theorem-12-leaves-the-class",
    "The networks of Theorem 12 are not bounded uniformly in the horizon",
    where="Lemmas K.1, K.20 and K.22, in the light of Appendix B's assumptions",
    says=r"""
    Write $L = \tau_{\max} + H$. (i) *Necessarily*: a family of stacks of fixed depth that realises $\nu$ satisfies Appendix B's assumptions with
    horizon-uniform constants for no $\eta < 1 + \nu$ (for $\nu \ge 0$: for no $\eta < 1$). (ii) *Where*: the integrator of Lemma K.20 has the gain
    $1 - \frac{1}{4(L+1)}$ and rows with $\alpha_{t,t-1} \ge 1 - \kappa (L+1)^{-3}$, so that $\gamma_{\max} c_2$ is at least a constant times $L$; its
    bound $1/(1-\gamma_{\max})$ on the solve is $4(L+1)$. (iii) The logits of such a row spread by at least $\log\bigl((L-1)((L+1)^3 - 1)\bigr)$.
    (iv) The writer of Lemma K.22 multiplies the signal by $m_t \ge m_- (t+1)^{1-\beta}$, which no horizon-uniform $d_n$ bounds.
    """,
    needs=("ours:deep-diffuse-sessa",),
    trust="real arithmetic; every L >= 2 (kappa <= 1); what the paper writes of its networks, which are not built here",
    bends=(
        Bend("a gain of 1/2 and uniform rows", {"matched": True}),
        Bend("profiles up to -(1 - eta) in (i)", {"above": 0}),
    ),
)
def theorem_12_leaves_the_class(evidence: Evidence, *, matched: bool = False, above: int = 1) -> None:
    """The constants of the lemmas' proofs, for symbolic L and for L up to 10^4."""
    L = sympy.Symbol("L", positive=True)
    lag, q = sympy.symbols("lag q", positive=True)
    for N in range(1, 5):
        over = lag ** (-q * above) * (2 + sympy.log(lag)) ** (N - 1)
        evidence.identity(
            "(i)", sympy.limit(over, lag, sympy.oo), f"N = {N}: nu = -(1-eta) + q is not realised in the class"
        )
    gain = sympy.Rational(1, 2) if matched else 1 - 1 / (4 * (L + 1))
    weight = 1 / L if matched else 1 - 1 / (L + 1) ** 3
    eta = sympy.simplify(gain * L * weight)
    evidence.identity("(ii)", sympy.limit(1 / eta, L, sympy.oo), "eta >= gain L alpha_{L, L-1}, unbounded in L")
    sizes = (2, 3, 10, 100, 10_000)
    evidence.exact(
        "(ii)",
        [(sympy.Integer(1), eta.subs(L, size), f"L = {size}") for size in sizes],
        "eta >= 1: Assumption 16 fails from L = 2 on",
    )
    evidence.exact(
        "(ii)",
        [(sympy.Integer(size), 4 * (size + 1), f"L = {size}") for size in sizes],
        "1/(1 - gain) = 4 (L + 1) exceeds L",
    )
    odds = sympy.simplify((L - 1) * weight / (1 - weight))
    evidence.identity(
        "(iii)",
        sympy.limit(1 / odds, L, sympy.oo),
        "a largest weight alpha of L needs a spread of log((L-1) alpha/(1-alpha))",
    )
    evidence.identity("(iv)", sympy.limit((lag + 1) ** (-q), lag, sympy.oo), "1 / (t+1)^(1-beta) tends to 0")


@states(
    "ours:attention-with-the-same-freedom",
    "Unbounded gates or logits give attention every profile",
    where="beside Theorem 12 and Proposition 13",
    says=r"""
    Let gates or logits grow with the horizon, as in Theorem 12. (i) Blocks without feedback ($\gamma_t = 0$), all of whose attention is *exactly
    uniform*, with a channel $(t+1)^{1+\nu}$ of the position embedding as the last gate, realise the profile $\nu$, for every $\nu \ge 0$:
    $(1 - \delta)(t+1)^\nu \le M_{t,\tau_*} \le (t+1)^\nu$, where $\delta < 1/2$ is the selector's leak. (ii) One attention layer with bounded
    values and no gate, whose logits spread by $\log(4T)$, realises $\nu = 0$: $M_{t,\tau_*} \ge 3/5$.
    """,
    needs=("def:5",),
    trust="real arithmetic, every H, for the margins' closed forms; real layers, reference and torch, T up to 32",
    bends=(
        Bend("(i) with the gate (t + 1)^nu", {"gate": 0}),
        Bend("(ii) with logits that spread by log 4", {"spread": "bounded"}),
    ),
)
def attention_with_the_same_freedom(evidence: Evidence, *, gate: int = 1, spread: str = "growing") -> None:
    """The leak is below 1/2 for every horizon; real gated blocks; exact margins of the sharp layer."""
    for source, steps in STEPS.items():
        leak = retrieval.selector_leak(source, steps)
        evidence.exact(
            "(i)",
            [(leak, Fraction(1, 2), f"tau* = {source}")],
            "the selector's leak, all later tokens of any horizon together",
        )
    T = 16 if evidence.quick else 32
    for nu in (0.0, 0.5, 1.0):
        channel = np.arange(1.0, T + 1) ** (nu + gate)
        for source, steps in STEPS.items():
            network = retrieval_networks.retrieval_network(source, steps, 0.0, gate=True)
            scores = retrieval_networks.scores(network, T, evidence.rng, channel)
            margin = retrieval.margins(scores, source)
            least = (1 - float(retrieval.selector_leak(source, steps))) * np.arange(source + 2.0, T + 1) ** nu
            evidence.constructed(
                "(i)",
                float(np.max(least / margin)),
                1.0,
                f"real blocks of uniform attention, T = {T}",
                f"nu = {nu}, tau* = {source}",
            )
            if source == 0:
                by_torch = retrieval_networks.scores_by_torch(network, T, evidence.rng, channel)
                evidence.agreement(
                    float(np.abs(by_torch - scores[:, :4]).max()), 1e-12 * T, "torch layer against the reference"
                )
                tokens = retrieval_networks.embed(np.zeros(T), channel)
                steps_of_last = reference.trace(network[-1], tokens)
                uniform = np.tril(np.ones((T, T))) / np.arange(1, T + 1)[:, None]
                off = np.abs(steps_of_last.alpha_fwd.reshape(T, T) - uniform).max() + np.abs(steps_of_last.gamma).max()
                evidence.agreement(float(off), 1e-15, "its rows are uniform and its gain is 0")
    pairs = []
    for horizon in (10, 100, 10_000):
        w = Fraction(4 * horizon if spread == "growing" else 4)  # e^spread
        for t in (1, horizon // 2, horizon - 1):
            pairs.append((Fraction(3, 5), (w - (t - 1)) / (w + t), f"T = {horizon}, t = {t}"))
    evidence.exact("(ii)", pairs, "the source's weight is w/(w + t), the others' 1/(w + t), w = 4T")
    t, room, horizon = sympy.symbols("t room horizon", positive=True)
    general = 5 * (4 * (t + room) - (t - 1)) - 3 * (4 * (t + room) + t)
    evidence.identity(
        "(ii)", sympy.expand(general - 8 * room - 5), "T = t + room: 5 (w - t + 1) - 3 (w + t) = 8 room + 5 > 0"
    )


@states(
    "ours:fair-comparison",
    "The fair comparison: Sessa wins by the power lag^gamma",
    where="answers the question of Section 4.7 under matched bounds",
    says=r"""
    Give all classes the same blocks (identity normalisation, gates, adapters, a bounded position embedding), a fixed depth, and bounds that do not depend on
    $H$ on weights, values, gates, logits and gains, $|\gamma_t| \le \gamma < 1$; attention is the class with gain 0. Let routing be exactly
    uniform ($\Delta = 0$) on both sides. On every bounded source family:

    1. attention realises $\nu$ if and only if $\nu \le -1$;
    2. Sessa realises $\nu$ if and only if $\nu \le -(1-\gamma)$; the bound for logits of spread $\Delta$ is $-(1 - \gamma e^\Delta)$ where positive;
    3. state-space stacks with failed freeze time realise no $\nu$ at all.

    Both winners need one transport layer; depth adds logarithms. Sessa's margin exceeds attention's by the factor $\ell^\gamma$, up to constants. Neither
    freezes.
    """,
    needs=("prop:13", "ours:deep-attention", "ours:deep-diffuse-sessa"),
    trust="real arithmetic; every H and lag; tau_max = 2 (the selector's leak is computed); real layers in float64, T up to 40",
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
            "attention realises nothing above -1", sympy.limit(envelope, lag, sympy.oo), f"N = {N}, nu = -1 + q"
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
        "attention's margin is at most 1/(t + 1) <= 1/(1 + lag), Sessa's at least c_- (1 + lag)^(gamma - 1)",
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
    where="answers the question of Section 4.7 where only values, gates and logits are matched",
    says=r"""
    As in `ours:fair-comparison`, but the gain is bounded by nothing except $|\gamma_t| < 1$, which the layer guarantees. Then one transport layer of Sessa,
    with exactly uniform routing and the constant gain $\gamma_H = 1 - 1/\log(T_H + 3)$, realises $\nu = 0$:
    $M_{\tau_*+\ell,\tau_*} \ge \frac{(1-\delta)\gamma_1}{e\,(\tau_*+1)^2}$ for all $\ell \le H$ and all $H$. The price is the bound
    $1/(1-\gamma_H) = \log(T_H + 3)$ on the solve. No $\nu > 0$ is realised with uniform routing and horizon-uniform $A_n$, $d_n$; attention, whose bounds
    have not changed, still realises $\nu \le -1$ alone.
    """,
    needs=("ours:fair-comparison",),
    trust="real arithmetic; every H; tau_max = 2; real layers in float64, T up to 40",
    bends=(
        Bend("a gain of 9/10 at every horizon", {"gain": Fraction(9, 10)}),
        Bend("the profile 1/10", {"nu": Fraction(1, 10)}),
    ),
)
def fair_comparison_with_free_gain(
    evidence: Evidence, *, gain: Fraction | None = None, nu: Fraction = Fraction(0)
) -> None:
    """b_t >= (t+gamma)^(gamma-1) >= 1/e for the horizon's gain; balls at horizons up to 10^8, real layers at 83."""
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


def ball(value: Fraction | int) -> arb:
    """A ball that contains the fraction."""
    value = Fraction(value)
    return arb(fmpq(value.numerator, value.denominator))


ROWS = (
    deep_diffuse_sessa,
    theorem_12_leaves_the_class,
    attention_with_the_same_freedom,
    fair_comparison,
    fair_comparison_with_free_gain,
)
