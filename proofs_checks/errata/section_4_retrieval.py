"""Errata of Sections 4.2.8 and 4.2.9: retrieval."""

import numpy as np

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.theory import retrieval
from sessa_ref.theory.uniform_routing import uniform_influence


@erratum(
    "13-range",
    "prop:13",
    where="Section 4.2.9, Proposition 13",
    kind=Kind.LOOSE,
    printed=r"No frozen or increasing profile, $\nu \ge 0$.",
    correct=r"""
    The proof excludes every $\nu > -1$ for attention and every $\nu$ at all for state-space stacks. For attention that is sharp: $\nu = -1$ is realised. The
    bounds $m_- \le M \le m_+$ at lag 1 are not used.
    """,
    conclusion="survives, and says more",
)
def more_is_excluded() -> Shown:
    """Nu = -1/2, N = 3: envelope over profile at lags 10^4, 10^8, 10^16."""
    ratios = [float(np.log1p(lag) ** 2 / np.sqrt(1 + lag)) for lag in (1e4, 1e8, 1e16)]
    return Shown(
        ratios[2] < 1e-3 < ratios[0],
        f"N = 3, nu = -1/2, lags 1e4, 1e8, 1e16: {ratios[0]:.2g}, {ratios[1]:.2g}, {ratios[2]:.2g}",
    )


@erratum(
    "4.8-depth",
    "cor:4.8",
    where="Section 4.2.8, title of Corollary 4.8",
    kind=Kind.HYPOTHESIS,
    printed=r"Frozen and increasing profiles *require* depth.",
    correct=r"""
    Items (i) to (iii) are about the construction of Theorem 12 with a fixed $\beta$: with one macro-layer it decays. That other Sessa networks need more
    macro-layers is not shown, and where nothing bounds them, as in Theorem 12, it is not so: a selector and one uniform transport layer freeze with the gain
    $1 - 1/\log(T+3)$ (row `ours:fair-comparison-free-gain`), and increase with a gate that grows (row `ours:attention-with-the-same-freedom`).
    """,
    conclusion="items (i) to (iii) survive as statements on the construction; the title needs that hypothesis",
)
def one_transport_layer_freezes() -> Shown:
    """K_{t,0} of one uniform layer at horizons 10^2, 10^4, 10^8, with the horizon's gain."""
    found = []
    for T in (1e2, 1e4, 1e8):
        gain = 1 - 1 / np.log(T + 3)
        found.append(float(uniform_influence(0.0, T - 1, gain)))
    return Shown(
        min(found) > 0.3,
        f"influence of token 0 on the last token, T = 1e2, 1e4, 1e8: {found[0]:.3f}, {found[1]:.3f}, {found[2]:.3f}",
    )


@erratum(
    "4.9-matched",
    "cor:4.9",
    where="Section 4.2.9, Corollary 4.9; abstract; Sections 1 and 6",
    kind=Kind.HYPOTHESIS,
    printed=r"""
    Corollary 4.9 puts Theorem 12 beside Proposition 13. The abstract says of the pair "under the same assumptions", Section 6 "under the same matched breakdown
    of sharp retrieval".
    """,
    correct=r"""
    The two sides do not obey the same assumptions. Proposition 13 has constants that do not depend on the horizon, and diffuse rows. The networks of Theorem 12
    have uniform rows in their transport layers, but their selector, preparation and writer have sharp rows (Lemmas K.1, K.2), a gain that tends to 1
    (Lemma K.20) and a channel that grows (Lemma K.22). With such freedom attention realises every profile too. With the same bounds, $\gamma_{\max} c_2 < 1$,
    Sessa realises no frozen profile either: for uniform rows none above $-(1-\gamma)$, and attention none above $-1$.
    """,
    conclusion="neither half is disputed as stated; that they compare like with like is. Under equal bounds with uniform rows Sessa's advantage is the "
    "factor $\\ell^\\gamma$, up to logarithms",
)
def bounds_are_not_the_same() -> Shown:
    """What the integrator of Lemma K.20 needs at L = 100 (kappa = 1, its largest), against Assumption 16."""
    L = 100
    gain, weight = 1 - 1 / (4 * (L + 1)), 1 - (L + 1) ** -3
    eta = gain * L * weight
    return Shown(
        eta > 1,
        f"L = {L}: gain {gain:.4f}, largest weight {weight:.6f}, gamma_max c2 at least {eta:.1f}, where Assumption 16 asks for less than 1",
    )


@erratum(
    "def5-anchor",
    "def:5",
    where="Section 4.2.8, Definition 5",
    kind=Kind.LOOSE,
    printed=r"$m_- > 0$ with $m_- \le M_{\tau_*+1,\tau_*}$ is a condition of its own.",
    correct=r"It follows from the profile at $\ell = 1$, with $m_- = 2^\nu c_-$; only the upper bound $m_+$ says something new.",
    conclusion="survives",
)
def lower_anchor_is_redundant() -> Shown:
    """A decaying profile at lag 1: c_- 2^nu is the anchor."""
    nu, c = float(retrieval.profile_exponent(1, 0.5)), 0.3
    return Shown(c * (1 + 1) ** nu > 0, f"c_- = {c}, nu = {nu}: M at lag 1 is at least {c * 2**nu:.3f}")


ERRATA: tuple[Erratum, ...] = (
    more_is_excluded,
    one_transport_layer_freezes,
    bounds_are_not_the_same,
    lower_anchor_is_redundant,
)
