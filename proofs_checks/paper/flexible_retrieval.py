"""Theorem 12: networks whose memory of one token decays, stays or grows, as asked."""

import numpy as np

from proofs_checks.evidence import Evidence
from proofs_checks.networks import blocks_agree, meets_claim
from proofs_checks.statement import Bend, states
from sessa_ref.constructions import Channels, Network
from sessa_ref.constructions.exponents import FittedExponent, fit_exponent
from sessa_ref.constructions.selective_retrieval import NAMES, margins, selective_retrieval
from sessa_ref.constructions.transport import kernel, perturbed_kernel
from sessa_ref.theory import selective_retrieval as theory

CASES = (*((k, beta) for k in (1, 2, 3) for beta in (0.25, 0.5, 0.75)), (3, 2 / 3))
"""(k, beta), the frozen cases beta = 1 - 1/k among them: (2, 1/2) and (3, 2/3)."""

AXES = Channels(7, NAMES)


@states(
    "thm:12",
    "Flexible selective retrieval",
    where="Section 4.2.8, Theorem 12; Appendix K",
    says=r"""
    Let $D \ge 7$, Norm = Id, exact GELU, $\beta \in (0,1)$, $k \ge 1$, $\tau_{max} \ge 0$, $\nu = k(1-\beta) - 1$, and inputs of norm
    at most $R$. There are $m_-, c_- > 0$, $m_+ < \infty$ of $(k, \beta, \tau_{max}, R)$ such that for every horizon $H$ and every
    $\tau_* \le \tau_{max}$ a network and unit probes have, for all inputs, margins
    $M(\ell) = S_{\tau_*+\ell, \tau_*} - \sum_{\tau < \tau_* + \ell, \tau \ne \tau_*} |S_{\tau_*+\ell, \tau}|$, $S$ the end-to-end
    Jacobian between the probes, with $m_- \le M(1) \le m_+$ and $M(\ell) \ge c_- (1+\ell)^\nu$ for $1 \le \ell \le H$:
    decaying, frozen or increasing with the sign of $\nu$.

    $11 + 2k$ blocks. The constants do not depend on $R$.
    """,
    trust="float64 networks of the proof's weights: H up to 512, tau* up to 8, ten (k, beta), R = 1 and 100, D = 7 and 12; "
    "scores are exact Jacobians; perturbations of size 1 give the same",
    not_higher="finitely many networks; the exponent is fitted to lags up to 512, with the seed moved and little damping: with "
    "the printed damping the profile is tilted by up to exp(-1/4) per layer at every horizon",
    needs=(
        "cor:4.11",
        "cor:4.12",
        "lem:K.9",
        "lem:K.12",
        "cor:K.21",
        "lem:K.22",
        "lem:K.24",
        "lem:K.25",
        "lem:K.26",
        "rem:K.27",
    ),
    bends=(
        Bend("an exponent larger by 0.1", {"more": 0.1}),
        Bend("feedback switched off in the macro-layers", {"feedback": False}),
        Bend("one macro-layer less", {"missing": 1}),
    ),
)
def flexible_retrieval(evidence: Evidence, *, more: float = 0.0, feedback: bool = True, missing: int = 0) -> None:
    """Margins, anchors and competitors of many networks; exponents; perturbations; torch."""
    _exponents(evidence, more, feedback, missing)
    if not feedback or missing or more:
        return
    for k, beta in CASES[::4] if evidence.quick else CASES:
        for target in (2,) if evidence.quick else (0, 8):
            for horizon in (8,) if evidence.quick else (16, 64):
                built = selective_retrieval(k, beta, horizon, target=target, latest=max(target, 2))
                x = filling(evidence, built.network.notes["latest"] + horizon + 1, 7, 1)
                meets_claim(
                    evidence, "the margin", built, x, f"k = {k}, beta = {beta:.4g}, tau* = {target}, H = {horizon}"
                )
    channels = Channels.random(12, NAMES, evidence.rng)
    far = selective_retrieval(2, 0.5, 8 if evidence.quick else 32, target=2, radius=100.0, channels=channels)
    x = 100 * filling(evidence, 3 + far.network.notes["horizon"], 12, 1)
    meets_claim(evidence, "the margin", far, x, "D = 12, any directions, R = 100")
    scores = kernel(far.network, channels, x[0])
    sources = [0, 2, 5]
    moved = perturbed_kernel(far.network, channels, x[0], sources, 1.0)
    evidence.agreement(
        float(np.max(np.abs(moved - scores[:, sources]))), 1e-9, "perturbations of size 1 against Jacobians"
    )
    blocks_agree(evidence, far.network, x[0], range(0, 15, 7 if evidence.quick else 1))
    if not evidence.quick:
        large = selective_retrieval(2, 0.5, 512, target=8)
        meets_claim(evidence, "the margin", large, filling(evidence, 521, 7, 1), "k = 2, beta = 1/2, tau* = 8, H = 512")


def filling(evidence: Evidence, T: int, D: int, n: int) -> np.ndarray:
    """Tokens that fill the unit ball of R^D, (n, T, D); half of them lie on the sphere."""
    x = evidence.rng.standard_normal((n, T, D))
    shrink = np.where(evidence.rng.random((n, T, 1)) < 0.5, 1, evidence.rng.random((n, T, 1)) ** (1 / D))
    return x * shrink / np.linalg.norm(x, axis=-1, keepdims=True)


def _exponents(evidence: Evidence, more: float, feedback: bool, missing: int) -> None:
    cases, horizon = (((2, 0.5),), 128) if evidence.quick else (CASES, 512)
    for k, beta in cases:
        built = selective_retrieval(k, beta, horizon, damping=1024.0, keep=False)
        network = built.network if feedback else built.network.without_feedback(["diffuse sig"])
        if missing:
            network = Network(network.blocks[: -2 * missing], network.names[: -2 * missing])
        margin, fitted = measured_exponent(evidence, network, beta, horizon)
        nu = theory.exponent(k, beta) + more
        how = f"|fitted - nu|, nu = {nu:.4g}; fitted {fitted.value:.4f} +- {fitted.error:.4f}"
        example = f"k = {k}, beta = {beta:.4g}, H = {horizon}"
        evidence.constructed("the exponent", abs(fitted.value - nu), 0.03, how, example)
        scaled = margin / (1 + np.arange(1, horizon + 1)) ** nu
        first, last = float(np.min(scaled[:16])), float(np.min(scaled[horizon // 2 :]))
        evidence.constructed(
            "uniform in the lag", 0.5 * first, last, "half of the least ratio of lags to 16, at late lags", example
        )


def measured_exponent(
    evidence: Evidence, network: Network, beta: float, horizon: int
) -> tuple[np.ndarray, FittedExponent]:
    """The scores of token 0 alone, which are the margins but for competitors of size 1e-12, and their exponent."""
    x = filling(evidence, horizon + 1, 7, 1)[0]
    direction = np.zeros((1, horizon + 1, 7))
    direction[0, 0] = AXES["sig"]
    scores = AXES.read("sig", network.derivative(x, direction)[0])
    column = np.zeros((horizon + 1, horizon + 1))
    column[:, 0] = scores
    margin = margins(column, 0)
    return margin, fit_exponent(margin, 1 - beta)
