"""Flexible selective retrieval and the separation (Sections 4.2.8 and 4.2.9)."""

from fractions import Fraction

import numpy as np
import sympy

from proofs_checks import retrieval_networks
from proofs_checks.evidence import Evidence
from proofs_checks.paper.deep_decay import diffuse, meets, real_stack
from proofs_checks.paper.flexible_retrieval import flexible_retrieval
from proofs_checks.statement import Bend, states
from sessa_ref.theory import depth, retrieval


@states(
    "def:5",
    "Profile realisation",
    where="Section 4.2.8, Definition 5",
    says=r"""
    Fix $\tau_{\max} \ge 0$, $\nu \in \mathbb{R}$, horizons $T_H = \tau_{\max} + H + 1$, and compact input sets that lie in one ball. A class
    of networks *realises the profile $\nu$* if there are $m_-, c_- > 0$ and $m_+ < \infty$, the same for all $H \ge 1$ and all
    $\tau_* \le \tau_{\max}$, and for each $(H, \tau_*)$ a network of the class, a source probe $c$ and target probes $\rho_t$ of norm at
    most 1, such that the scores $S_{t,\tau} = \rho_t^\top (\partial G_t / \partial x_\tau)\, c$ and the margins
    $M_{t,\tau_*} = S_{t,\tau_*} - \sum_{\tau < t,\, \tau \ne \tau_*} |S_{t,\tau}|$ obey, for every input,
    $$m_- \le M_{\tau_*+1, \tau_*} \le m_+, \qquad M_{\tau_*+\ell, \tau_*} \ge c_- (1+\ell)^\nu \quad (1 \le \ell \le H).$$
    """,
    trust="real layers, reference and torch, T up to 43; the instance's margins for every H by its closed form, in exact fractions",
    bends=(
        Bend("the profile -1/2 for networks that realise -1", {"nu": Fraction(-1, 2)}),
        Bend("competing sources are not subtracted", {"competitors": 0}),
    ),
)
def profile_realisation(evidence: Evidence, *, nu: Fraction = Fraction(-1), competitors: int = 1) -> None:
    """Uniform attention with a selector realises -1, and not 0; without the selector it realises nothing."""
    horizons = (4, 16) if evidence.quick else (4, 12, 40)
    steps = {0: 3, 1: 5, 2: 9}
    networks = {source: retrieval_networks.retrieval_network(source, steps[source], 0.0) for source in steps}
    T = (
        len(steps) + horizons[-1]
    )  # the networks do not depend on the horizon, and are causal: smaller ones are prefixes
    selected = {source: retrieval_networks.scores(network, T, evidence.rng) for source, network in networks.items()}
    alone = {source: retrieval_networks.scores(network[-1:], T, evidence.rng) for source, network in networks.items()}

    def constants(scores: dict[int, np.ndarray], profile: float) -> list[float]:
        """For each horizon, the largest c_- that the networks of all sources allow."""
        kept = {s: retrieval.margins(S, s) if competitors else S[s + 1 :, s] for s, S in scores.items()}
        return [
            min(float(np.min(M[:H] / (1.0 + np.arange(1, H + 1)) ** profile)) for M in kept.values()) for H in horizons
        ]

    # 1 - leak is a constant for every horizon: M >= (1 - leak) / (t + 1), and t + 1 <= (tau_max + 1) (1 + lag).
    proven = min(float((1 - retrieval.selector_leak(s, steps[s])) / (len(steps))) for s in steps)
    realised = constants(selected, float(nu))
    text = f"two-part networks of uniform attention, sources 0 to 2, H = {horizons[0]} to {horizons[-1]}"
    evidence.instance(
        f"{text}: profile {nu}, c_- = {min(realised):.3f}, for every H at least {proven:.3f}", min(realised) >= proven
    )
    frozen = constants(selected, 0.0)
    evidence.non_instance(
        f"{text}: profile 0; c_- falls from {frozen[0]:.3f} to {frozen[-1]:.4f}", frozen[-1] > 0.5 * frozen[0]
    )
    single = constants(alone, -1.0)
    evidence.non_instance("uniform attention without the selector: competitors outweigh the source", min(single) > 0)
    by_torch = retrieval_networks.scores_by_torch(networks[1], T, evidence.rng)
    evidence.agreement(
        float(np.abs(by_torch - selected[1][:, :4]).max()),
        1e-13,
        "scores, about 1: the torch layer against complex steps through the reference",
    )


@states(
    "cor:4.8",
    "Frozen and increasing profiles, by depth",
    where="Section 4.2.8, Corollary 4.8",
    says=r"""
    Under Theorem 12, whose networks have $k$ macro-layers and realise $\nu_k(\beta) = k(1-\beta) - 1$ for any $\beta \in (0, 1)$:
    for $k = 1$ the profile decays, $\nu_1 = -\beta < 0$; for $k \ge 2$ and $\beta = 1 - 1/k$ it is frozen, $\nu_k = 0$; and for $k \ge 2$ and
    $0 < \beta < 1 - 1/k$ it increases, $\nu_k > 0$.
    """,
    needs=("thm:12",),
    trust="the deduction alone, for every k and beta: Theorem 12 has a row of its own",
    bends=(Bend("the frozen profile at beta = 1 - 1/(k + 1)", {"shift": 1}), Bend("without the -1", {"offset": 0})),
)
def frozen_and_increasing_profiles(evidence: Evidence, *, shift: int = 0, offset: int = -1) -> None:
    """The exponents, for symbolic k and beta."""
    k, beta, room = sympy.symbols("k beta room", positive=True)
    nu = retrieval.profile_exponent(k, beta) + 1 + offset
    evidence.identity("decays", sympy.simplify(nu.subs(k, 1) + beta), "nu_1 = -beta")
    evidence.identity("frozen", sympy.simplify(nu.subs(beta, 1 - 1 / (k + shift))), "nu_k(1 - 1/k) = 0")
    evidence.identity(
        "increasing", sympy.simplify(nu.subs(beta, 1 - 1 / k - room) - k * room), "nu_k(1 - 1/k - room) = k room > 0"
    )


_IMPOSSIBLE = (
    Bend("(i) for nu = -1", {"above": 0}),
    Bend("(ii) for rate 0: time is frozen", {"rate": 0}),
)


@states(
    "prop:13",
    "What the comparison classes cannot realise",
    where="Section 4.2.9, Proposition 13",
    says=r"""
    Let networks of a fixed depth $N$ be given for every $H$ and $\tau_* \le \tau_{\max}$, all of them (i) causal Transformers whose blocks
    satisfy Corollary 4.7 (i), $K_n(t, \tau) \le a_n/(t+1)$, or (ii) state-space stacks that satisfy Corollary 4.7 (ii), *with constants
    that depend neither on $H$ nor on $\tau_*$*. Then they realise no profile $\nu \ge 0$.

    Checked more generally: (i) holds for every $\nu > -1$, and (ii) for every $\nu$, because $M_{\tau_*+\ell,\tau_*} \le
    \lVert \partial G_{\tau_*+\ell} / \partial x_{\tau_*} \rVert$.
    """,
    needs=("def:5", "cor:4.7"),
    trust="real arithmetic; every nu > -1 in (i), every nu in (ii), every N; the envelopes are Corollary 4.7; real stacks in float64",
    bends=_IMPOSSIBLE,
)
def impossible_for_the_comparison_classes(evidence: Evidence, *, above: int = 1, rate: int = 1) -> None:
    """Envelope over profile tends to 0, so no c_- serves all H; real stacks, and the lag from which they fail nu = 0."""
    _impossible(evidence, above, rate)
    for kind, item in (("attention", "(i)"), ("state space", "(ii)")):
        measured, slowest = real_stack(evidence, kind, 3)
        T = len(measured.whole)
        lags = np.maximum(np.subtract.outer(np.arange(T), np.arange(T)), 1).astype(float)
        if kind == "attention":
            weights = depth.path_weights(measured.diagonal(), measured.constants(diffuse(T)))
            bound = depth.deep_attention_constant(weights) * np.log1p(lags) ** 2 / (1 + lags)
        else:
            weights = depth.path_weights(measured.diagonal(), measured.constants(np.exp(-slowest * lags)))
            bound = depth.deep_ssm_constant(weights) * (1 + lags) ** 2 * np.exp(-slowest * lags)
        meets(evidence, item, measured, bound, f"scores of all unit probes are at most the norms: three layers, {kind}")


def _impossible(evidence: Evidence, above: int, rate: int) -> None:
    lag, q, c, r = sympy.symbols("lag q c r", positive=True)
    for N in range(1, 6):
        over_profile = sympy.log(1 + lag) ** (N - 1) / (1 + lag) ** (q * above)
        evidence.identity(
            "(i)",
            sympy.limit(over_profile, lag, sympy.oo),
            f"N = {N}, nu = q - 1: envelope over (1+lag)^nu; N = 2 gives every N > 2, by (N-1)-th roots",
        )
        forgotten = (1 + lag) ** (N - 1 + r) * sympy.exp(-c * rate * lag)
        evidence.identity(
            "(ii)",
            sympy.limit(forgotten, lag, sympy.oo),
            f"N = {N}, nu = -r: envelope over (1+lag)^nu; r is free, so every N",
        )


@states(
    "cor:4.9",
    "The separation",
    where="Section 4.2.9, Corollary 4.9",
    says=r"""
    In the sense of Definition 5: (i) by Theorem 12, deep Sessa with identity normalisation realises all exponents
    $\nu_k(\beta) = k(1-\beta)-1$, which are all $\nu > -1$; (ii) Transformers and state-space stacks of fixed depth, *with the horizon-uniform constants of Proposition 13*,
    realise no $\nu \ge 0$. The two families do not obey the same bounds: see `ours:theorem-12-leaves-the-class` and
    `ours:fair-comparison`.
    """,
    needs=("thm:12", "prop:13"),
    trust="(ii) and which exponents (i) names; (i) itself is Theorem 12, which has a row of its own",
    bends=(*_IMPOSSIBLE, Bend("one macro-layer for every exponent", {"layers": 1})),
)
def separation(evidence: Evidence, *, above: int = 1, rate: int = 1, layers: int | None = None) -> None:
    """(i): for every nu > -1 and k > nu + 1 some beta in (0, 1) has nu_k(beta) = nu; (ii) as in Proposition 13."""
    k, nu = sympy.symbols("k nu")
    beta = 1 - (nu + 1) / k
    evidence.identity(
        "(i), given Theorem 12", sympy.simplify(retrieval.profile_exponent(k, beta) - nu), "nu_k(1 - (nu+1)/k) = nu"
    )
    pairs = []
    for value in (Fraction(-9, 10), Fraction(0), Fraction(1, 2), Fraction(7, 2)):
        number = layers or int(value + 1) + 1
        pairs.append(((value + 1) / number, Fraction(99, 100), f"nu = {value}, k = {number}"))
    evidence.exact("(i), given Theorem 12", pairs, "0 < beta = 1 - (nu+1)/k < 1 for k = floor(nu+1) + 1")
    _impossible(evidence, above, rate)


ROWS = (
    profile_realisation,
    flexible_retrieval,
    frozen_and_increasing_profiles,
    impossible_for_the_comparison_classes,
    separation,
)
