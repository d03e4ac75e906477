"""Errata of Appendix J."""

import numpy as np

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.constructions import targets
from sessa_ref.constructions.scaffold import on_scaffold
from sessa_ref.constructions.structured import running_maximum
from sessa_ref.reference.tokenwise import standardize
from sessa_ref.theory.scaffold import direct_error, printed_error, reference_scale


@erratum(
    "J.1-quantifiers",
    "lem:J.1",
    where="Appendix J.2, Lemma J.1",
    kind=Kind.HYPOTHESIS,
    printed="there exist m_sc, c > 0 and a > 0 with sup |LN(u, s) - a u| <= delta",
    correct="a must be given first, below 1/sqrt(eps), as the proof of Lemma J.2 has it: if a may be chosen, m_sc = 2 and a large c "
    "make both LN(u, s) and a u small, and nothing is said",
    conclusion="survives with a given: its proof bounds the error for every c, and Lemma J.2 uses it so",
)
def lemma_says_nothing() -> Shown:
    """A token, its LayerNorm and a u at a large c."""
    u, c = np.array([1.0, -0.5, 0.25]), 1e9
    normal = standardize(np.r_[u, c, -c][None], 1e-5)[0][0, :3]
    a = float(reference_scale(3, 2, c, 1e-5))
    shown = float(np.linalg.norm(normal)) < 1e-8 and a * float(np.linalg.norm(u)) < 1e-8
    return Shown(
        shown, f"m_sc = 2, c = 1e9: |LN(u, s)| = {np.linalg.norm(normal):.1e} and |a u| = {a * np.linalg.norm(u):.1e}"
    )


@erratum(
    "J.1-variance",
    "lem:J.1",
    where="Appendix J.2, proof of Lemma J.1",
    kind=Kind.LOOSE,
    printed="sigma^2 - sigma_0^2 <= 2 R^2/m, and sigma >= sqrt(eps) in both terms",
    correct="sigma^2 - sigma_0^2 = |u|^2/m - mu^2 lies in [0, R^2/m], and sigma >= sigma_0 = 1/a: the error is at most "
    "a m_0 R/m + a^3 R^3/(2 m)",
    conclusion="survives with a smaller bound, which falls with c",
)
def variance_is_smaller() -> Shown:
    """A token, its error, and both bounds."""
    m0, m, R, eps, c = 4, 6, 1.0, 1e-5, 1.0
    a = float(reference_scale(m0, m - m0, c, eps))
    printed, sharp = float(printed_error(m0, m, R, eps)), float(direct_error(m0, m, R, a))
    u = np.full(m0, R / np.sqrt(m0))
    normal = standardize(np.r_[u, c, -c][None], eps)[0][0, :m0]
    error = float(np.linalg.norm(normal - a * u))
    return Shown(
        error <= sharp < printed / 100,
        f"m_0 = 4, m_sc = 2, c = 1: error {error:.3g}, bounds {sharp:.3g} and {printed:.3g}",
    )


@erratum(
    "J.2-width",
    "lem:J.2",
    where="Appendix J.3, Lemma J.2; Corollary J.3",
    kind=Kind.LOOSE,
    printed="the scaffold's width is chosen large enough, of the order of 1/epsilon",
    correct="width 2 suffices for every accuracy: let W_in undo the removal of the mean by u -> u + (sum u)/m_sc, which is exact, and "
    "let c grow; the relative error is then at most a^2 R^2/(2 m), of the order of 1/c^2",
    conclusion="survives with a model that is wider by 2 only",
)
def width_two_suffices() -> Shown:
    """A whole network on a scaffold of width 2."""
    built = running_maximum(4)
    x = np.random.default_rng(0).uniform(-1, 1, (50, 4, 1))
    errors = {c: float(np.abs(on_scaffold(built.network, 2, c)(x) - built.network(x)).max()) for c in (1e2, 1e4, 1e6)}
    total = float(np.abs(on_scaffold(built.network)(x) - targets.running_maximum(x)).max())
    text = ", ".join(f"{error:.1e} at c = {c:.0e}" for c, error in errors.items())
    return Shown(errors[1e6] < 1e-9 and total < 1e-4, f"running maximum, T = 4, on a scaffold of width 2: {text}")


ERRATA: tuple[Erratum, ...] = (lemma_says_nothing, variance_is_smaller, width_two_suffices)
