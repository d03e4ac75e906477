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

STEPS = {0: 3, 1: 5, 2: 9}
"""How often the selector multiplies by 1/(t + 1), by source, so that less than half of the source's weight leaks."""


@states(
    "ours:deep-diffuse-sessa",
    "Depth adds logarithms to diffuse Sessa, and no power",
    where="sharpens Proposition 34; answers Theorem 12 for blocks that are bounded uniformly in the horizon",
    says=r"""
    Let $N$ Sessa blocks, wherever the stack meets them, satisfy Appendix B's assumptions and Corollary B.7's with
    constants that do not depend on the horizon, $\eta = \gamma_{\max} c_2 < 1$ (the largest over the blocks), and
    $\lVert \partial F_{n,t} / \partial u_t \rVert \le d_n$. With $a_\tau = \frac{\Gamma(\tau+1)}{\Gamma(\tau+1+\eta)}$
    and $b_t = \frac{\Gamma(t+\eta)}{\Gamma(t+1)}$, one block has
    $\lVert \partial F_t / \partial u_\tau \rVert \le A\, a_\tau b_t$, $A = (\eta A_0 + A_1) \lVert W_{out} \rVert G_R$,
    and the stack $$\Bigl\lVert \frac{\partial h_t}{\partial x_\tau} \Bigr\rVert \le a_\tau b_t \sum_{k=1}^{N} E_k
    \frac{S^{k-1}}{(k-1)!}, \qquad S = \sum_{\tau < i < t} \frac{1}{i+\eta} \le 1 + \log\frac{t}{\tau+1},$$ where
    $\prod_n (d_n + A_n z) = \sum_k E_k z^k$. This is $O\bigl(\ell^{-(1-\eta)} (1 + \log \ell)^{N-1}\bigr)$, uniformly
    in $\tau$. Hence such stacks of a fixed depth $N$ realise no profile $\nu > -(1-\eta)$, whatever $N$ is.
    """,
    proof=r"""
    *One block.* The proof of `ours:jacobian-tail` uses of $\gamma_{\max}$ and $c_2$ only that their product is at most
    $\eta$, so it holds with the largest $\eta$ of all blocks. By `ours:block-jacobian-tail`,
    $\lVert \partial F_t / \partial u_\tau \rVert \le A\, a_\tau b_t$ for $\tau < t$.

    *The stack.* By Theorem 31 the Jacobian's norm is at most the sum over $k$ of $E_k$ times the sum over all
    $\tau = i_0 < \dots < i_k = t$ of $\prod_{r=1}^{k} a_{i_{r-1}} b_{i_r}$. In this product $a_\tau$ and $b_t$ stand
    once, and every stop $i = i_1, \dots, i_{k-1}$ has the factor
    $a_i b_i = \frac{\Gamma(i+1)\, \Gamma(i+\eta)}{\Gamma(i+1+\eta)\, \Gamma(i+1)} = \frac{1}{i + \eta}$. So the sum is
    $a_\tau b_t$ times an elementary symmetric sum, which is at most $\frac{S^{k-1}}{(k-1)!}$, as in
    `ours:nested-harmonic`. If $t = \tau + 1$, then $S = 0$; otherwise
    $S \le \sum_{\tau<i<t} \frac1i \le \frac{1}{\tau+1} + \log\frac{t-1}{\tau+1} \le 1 + \log\frac{t}{\tau+1}$.

    *In the lag.* $a_\tau b_t \le \frac{1}{\Gamma(1+\eta)} \ell^{-(1-\eta)}$ by `ours:jacobian-tail`, and
    $\frac{t}{\tau+1} \le \ell$. So the bound is at most
    $\frac{1}{\Gamma(1+\eta)} \ell^{-(1-\eta)} \sum_k E_k \frac{(1 + \log \ell)^{k-1}}{(k-1)!}$.

    *No profile above.* Probes have norm at most 1, and adapters change norms by constant factors, so the margin is at
    most a constant times the norm of the Jacobian. If $\nu > -(1-\eta)$ were realised, then
    $c_- (1 + \ell)^\nu \le C\, \ell^{-(1-\eta)} (1 + \log \ell)^{N-1}$ would hold for all $\ell \le H$ and all $H$,
    with constants that do not depend on $H$. With $\ell = H \to \infty$ this is false.
    """,
    needs=("thm:31", "def:5", "thm:23", "ours:jacobian-tail", "ours:block-jacobian-tail", "ours:nested-harmonic"),
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
            f"N = {N}, nu = -(1-eta) + q: envelope over profile tends to 0; N = 2 gives every N > 2, by (N-1)-th roots",
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
    Write $L = \tau_{\max} + H$. (i) *Necessarily*: a family of stacks of fixed depth that realises $\nu$ satisfies the
    hypotheses of `ours:deep-diffuse-sessa`, with horizon-uniform constants and $d_n$, for no $\eta < 1 + \nu$ (for
    $\nu \ge 0$: for no $\eta < 1$). (ii) *Where*: the integrator of Lemma K.20 has the gain $1 - \frac{1}{4(L+1)}$ and
    rows with $\alpha_{t,t-1} \ge 1 - \kappa (L+1)^{-3}$, so that $\gamma_{\max} c_2 \ge \frac34 L$ (for $L \ge 2$); its
    bound $1/(1-\gamma_{\max})$ on the solve is $4(L+1)$. (iii) The logits of such a row spread by at least
    $\log\bigl((L-1)((L+1)^3 - 1)\bigr)$. (iv) The writer of Lemma K.22 multiplies the signal by
    $m_t \ge m_- (t+1)^{1-\beta}$, which no horizon-uniform $d_n$ bounds.
    """,
    proof=r"""
    (i) For $\eta < 1 + \nu$, that is $\nu > -(1 - \eta)$, and $\eta < 1$, `ours:deep-diffuse-sessa` says that a family
    under its hypotheses does not realise $\nu$. A family that realises $\nu$ therefore does not satisfy them. For
    $\nu \ge 0$ every $\eta < 1$ is below $1 + \nu$.

    (ii) The proof of Lemma K.20 sets the gain $\lambda_H = 1 - \frac{1}{4(L+1)}$ and $\mu_H = \kappa (L+1)^{-3}$ with
    $\kappa \le 1$, and takes rows with $\alpha_{t,t-1} \ge 1 - \mu_H$. There are $L + 1$ tokens. In the last row the
    envelope of Assumption 15 says $\alpha_{L,L-1} \le c_2/L$, so $c_2 \ge L (1 - (L+1)^{-3})$. For $L \ge 2$ both
    factors below rise with $L$, and

    $$\gamma_{\max} c_2 \ge \Bigl(1 - \frac{1}{4(L+1)}\Bigr)\bigl(1 - (L+1)^{-3}\bigr) L \ge \frac{11}{12} \cdot \frac{26}{27}\, L \ge \frac34 L \ge \frac32 .$$

    So Assumption 16 fails. The bound on the solve is $1/(1 - \lambda_H) = 4(L+1)$.

    (iii) The row of token $L$ has $L$ weights, one of them $\alpha \ge 1 - (L+1)^{-3}$. The other $L - 1$ sum to
    $1 - \alpha$, so the least is at most $\frac{1-\alpha}{L-1}$. The spread of the logits is the logarithm of the
    quotient of the largest and the least weight, hence at least $\log\frac{(L-1)\, \alpha}{1-\alpha}$. This rises with
    $\alpha$, and at $\alpha = 1 - (L+1)^{-3}$ it is $\log\bigl((L-1)((L+1)^3 - 1)\bigr)$.

    (iv) The proof of Lemma K.22 has $m_t \ge m_- (t+1)^\gamma$ with $\gamma = 1 - \beta$ and a constant $m_- > 0$ that
    does not depend on the horizon. The writer's output at token $t$ has $m_t$ times the signal of token $t$, so its
    derivative by the same token has at least the norm $m_t$, and $m_L \ge m_- (L+1)^{1-\beta}$ grows with the horizon.
    """,
    needs=("ours:deep-diffuse-sessa", "asm:15", "asm:16", "lem:K.20", "lem:K.22"),
    trust="real arithmetic; every L >= 2 (kappa <= 1); what the proofs of the lemmas write of their networks",
    bends=(
        Bend("a gain of 1/2 and uniform rows", {"matched": True}),
        Bend("profiles up to -(1 - eta) in (i)", {"above": 0}),
    ),
)
def theorem_12_leaves_the_class(evidence: Evidence, *, matched: bool = False, above: int = 1) -> None:
    """The constants of the lemmas' proofs, for symbolic L."""
    L, more = sympy.Symbol("L", positive=True), sympy.Symbol("more", nonnegative=True)
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
    evidence.nonnegative(
        "(ii)",
        eta.subs(L, 2 + more) - sympy.Rational(3, 4) * (2 + more),
        "L = 2 + more: eta - 3 L / 4 >= 0, so eta > 1 and Assumption 16 fails from L = 2 on",
    )
    evidence.identity("(ii)", sympy.simplify(1 / (1 - gain) - 4 * (L + 1)), "1/(1 - gain) = 4 (L + 1)")
    odds = (L - 1) * weight / (1 - weight)
    evidence.identity(
        "(iii)",
        sympy.simplify(odds - (L - 1) * ((L + 1) ** 3 - 1)),
        "one weight alpha of L, the others 1 - alpha together: the least is at most (1-alpha)/(L-1), and the spread is the "
        "logarithm of the quotient, at least log((L-1) alpha/(1-alpha)), which rises with alpha",
    )
    evidence.identity("(iv)", sympy.limit((lag + 1) ** (-q), lag, sympy.oo), "1 / (t+1)^(1-beta) tends to 0")


@states(
    "ours:attention-with-the-same-freedom",
    "Growing gates give attention every profile, growing logits a frozen one",
    where="beside Theorem 12 and Proposition 13",
    says=r"""
    Let gates or logits grow with the horizon, as in Theorem 12. (i) Blocks without feedback ($\gamma_t = 0$), all of
    whose attention is *exactly uniform*, with a channel $(t+1)^{1+\nu}$ of the position embedding as the last gate,
    realise the profile $\nu$, for every real $\nu$: $(1 - \delta)(t+1)^\nu \le M_{t,\tau_*} \le (t+1)^\nu$, where
    $\delta < 1/2$ is the selector's leak. (ii) One attention layer with bounded values and no gate, whose logits spread
    by $\log(4T)$, realises $\nu = 0$: $M_{t,\tau_*} \ge 3/5$. Rotary embedding does not hinder: with $\cos t$ and
    $\sin t$ in the position embedding the query undoes its rotation.
    """,
    proof=r"""
    *The selector.* The embedding marks token 0. A block without feedback whose rows are uniform reads the mean over
    $j \le t$ of $A \cdot \text{mark} + (B - 1)$, which is $\frac{A}{t+1} + B - 1$. With the signal as its gate it adds
    this times the signal, so it multiplies the signal of token $t$ by $A p_t + B$, $p_t = \frac{1}{t+1}$. Let
    $s = \tau_* + 1$. Take $m$ blocks with the factor $s\, p_t$ and for each $i < \tau_*$ one with the factor
    $\frac{p_t - p_i}{p_{\tau_*} - p_i}$. The product $w_t$ of all factors is 1 at $\tau_*$ and 0 before it. For
    $t > \tau_*$, $0 < p_t < p_{\tau_*} < p_i$, so a factor of the second kind lies between 0 and
    $\frac{p_i}{p_i - p_{\tau_*}} = \frac{s}{\tau_* - i}$, and

    $$\sum_{t > \tau_*} |w_t| \le \frac{s^{\tau_*}}{\tau_*!} \sum_{r \ge 1} \Bigl(1 + \frac{r}{s}\Bigr)^{-m} \le
    \frac{s^{\tau_*}}{\tau_*!} \Bigl(\frac{s}{s+m} + \frac{s}{m-1}\Bigr),$$

    the first term by Bernoulli's inequality, the others by the integral from 1 on. This tends to 0 as $m$ grows. So one
    $m$ serves all $\tau_* \le \tau_{\max}$ with a leak $\delta < \frac12$, at every horizon.

    (i) A last block of uniform attention reads the mean of the selected signals, and its gate is $(t+1)^{1+\nu}$. Its
    output is $(t+1)^\nu \sum_{\tau \le t} w_\tau x_\tau$, so $S_{t,\tau} = (t+1)^\nu w_\tau$, and
    $M_{t,\tau_*} = (t+1)^\nu \bigl(1 - \sum_{\tau_* < \tau < t} |w_\tau|\bigr)$ lies between the two claimed bounds.
    This is the profile $\nu$, because $1 + \ell \le t + 1 \le (\tau_{\max} + 1)(1 + \ell)$.

    (ii) Let the logits of every row be $\log w$ with $w = 4T$ at the source and 0 elsewhere. For $t > \tau_*$ the
    weights are $\frac{w}{w+t}$ and $\frac{1}{w+t}$. Values are the signal and the gate is 1, so these are the scores,
    and $M_{t,\tau_*} = \frac{w - (t-1)}{w+t}$, because $t - 1$ other tokens are before $t$. Since $t < T$,
    $5 (w - t + 1) - 3 (w + t) = 8 (T - t) + 5 > 0$, so $M_{t,\tau_*} \ge \frac35$; and $M_{t,\tau_*} \le 1$. With
    rotary embedding the query of token $t$ is a multiple of $(\cos t, -\sin t)$, read from the position embedding, so
    that its rotation by $t$ makes it $(1, 0)$; the key of the source is rotated back by $\tau_*$ in the same way, and
    all other keys are 0.
    """,
    needs=("def:5",),
    trust="real arithmetic, every H, for the margins' closed forms; the leak is computed for tau_max = 2, and tends to 0 for every tau_max; "
    "real layers, reference and torch, T up to 32",
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
    leak_vanishes(evidence, "(i)")
    T = 16 if evidence.quick else 32
    for nu in (-0.5, 0.0, 1.0):
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
    for source in STEPS:
        block = retrieval_networks.sharp_block(source, float(np.log(4 * T) if spread == "growing" else np.log(4)))
        channels = retrieval_networks.sharp_channels(source, T)
        margin = retrieval.margins(retrieval_networks.scores([block], T, evidence.rng, channels), source)
        evidence.constructed(
            "(ii)", 0.6 / float(np.min(margin)), 1.0, f"real rotary block, T = {T}", f"tau* = {source}"
        )
        if source == 0:
            by_torch = retrieval_networks.scores_by_torch([block], T, evidence.rng, channels)
            closed = np.where(np.arange(4) == source, 4 * T, 1) / (4 * T + np.arange(T)[:, None])
            if spread == "growing":
                off = float(np.abs(by_torch - np.tril(closed)).max())
                evidence.agreement(off, 1e-12, "torch layer against w/(w + t), 1/(w + t)")


def leak_vanishes(evidence: Evidence, claim: str) -> None:
    """With enough steps the leak is as small as one likes, for every source: (1 + 1/s)^(-m) <= s/(s + m) (Bernoulli)."""
    s, m = sympy.symbols("s m", positive=True)
    evidence.identity(
        claim,
        sympy.limit(s / (s + m) + s / (m - 1), m, sympy.oo),
        "s = tau* + 1, m steps: the leak is at most s^tau*/tau*! times the sum over r >= 1 of (1 + r/s)^(-m), that is the first term "
        "plus the integral from 1 on, at most s/(s+m) + s/(m-1): some m serves every source up to tau_max",
    )


def ball(value: Fraction | int) -> arb:
    """A ball that contains the fraction."""
    value = Fraction(value)
    return arb(fmpq(value.numerator, value.denominator))


ROWS = (deep_diffuse_sessa, theorem_12_leaves_the_class, attention_with_the_same_freedom)
