"""Errata of Sections 4.6 and 4.7: depth and retrieval."""

import numpy as np

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.theory import retrieval
from sessa_ref.theory.uniform_routing import uniform_influence


@erratum(
    "13-range",
    "prop:13",
    where="Section 4.7, Proposition 13",
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
    where="Section 4.7, title of Corollary 4.8",
    kind=Kind.HYPOTHESIS,
    printed=r"Frozen and increasing profiles *require* depth.",
    correct=r"""
    Shown is that the construction of Theorem 12 with one macro-layer decays. That other networks need more is not shown, and without a bound on the gain it
    is not so: one uniform feedback layer with gain $1 - 1/\log(T+3)$ freezes (row `ours:fair-comparison-free-gain`).
    """,
    conclusion="items (i) to (iii) survive as statements on the construction; the title does not",
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
    where="Section 4.7, Corollary 4.9; abstract; Sections 1 and 6",
    kind=Kind.HYPOTHESIS,
    printed=r"In a matched regime Sessa realises profiles that attention and state-space stacks do not.",
    correct=r"""
    The two sides do not obey the same bounds: the comparison classes have constants that do not depend on the horizon, the networks of Theorem 12 do not.
    With the same freedom attention realises every profile too; with the same bounds Sessa realises none above $-(1-\gamma)$, and attention none above $-1$.
    """,
    conclusion="both halves are true as stated; that they compare like with like is not. Sessa's advantage under equal bounds is the factor $\\ell^\\gamma$",
)
def bounds_are_not_the_same() -> Shown:
    """What the integrator of Lemma K.20 needs at L = 100, against Assumption 16."""
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
    where="Section 4.7, Definition 5",
    kind=Kind.SLIP,
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
