"""Errata of Appendix F."""

from fractions import Fraction

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.theory.diffuse_routing import row_sum_tail_exponent
from sessa_ref.theory.uniform_routing import (
    best_bounded_source_constants,
    bounded_source_constants,
    gamma_ratio,
    gamma_ratio_bounds,
    sharper_gamma_ratio_bounds,
)


@erratum(
    "F.1-shift",
    "lem:F.1",
    where="Appendix F.1, (67)",
    kind=Kind.LOOSE,
    printed="(t + 1)^(gamma - 1) <= Gamma(t + gamma)/Gamma(t + 1), for whole t >= 1.",
    correct="(t + gamma)^(gamma - 1), by Wendel's inequality, and for all real t > 0.",
    conclusion="survives; Proposition 29's and Corollary F.3's lower bounds become sharper with it",
)
def shift() -> Shown:
    """gamma = 1/10, t = 1."""
    value = float(gamma_ratio(1, 0.1))
    printed, sharper = gamma_ratio_bounds(1, 0.1)[0], sharper_gamma_ratio_bounds(1, 0.1)[0]
    return Shown(printed < sharper <= value, f"gamma = 0.1, t = 1: {printed:.3f} < {sharper:.3f} <= {value:.3f}")


@erratum(
    "F.3-lower",
    "cor:F.3",
    where="Appendix F.2, Corollary F.3",
    kind=Kind.LOOSE,
    printed="c- = (tau_max + 2)^-beta_tail times the smallest prefactor.",
    correct="c- = gamma/(tau_max + 1) is the best; the printed c+ = gamma/Gamma(1 + gamma) is the best already.",
    conclusion="survives",
)
def lower_constant() -> Shown:
    """gamma = 1/10, tau_max = 0."""
    printed, best = bounded_source_constants(0, 0.1)[0], best_bounded_source_constants(0, 0.1)[0]
    return Shown(printed < best, f"gamma = 0.1, tau_max = 0: {printed:.4f} against {best:.4f}")


@erratum(
    "F.4-theta",
    "rem:F.4",
    where="Appendix F.2, Remark F.4; also the introduction of Appendix F",
    kind=Kind.SLIP,
    printed="For an impulse at tau the tail is Theta(lag^-beta_tail).",
    correct="Theta_tau: the constants depend on tau, and Corollary F.2 itself shows that no lower constant serves all tau.",
    conclusion="survives for every fixed tau",
)
def theta() -> Shown:
    """Lag 1."""
    values = [Fraction(1, 2) / (tau + 1) for tau in (0, 9, 999)]
    return Shown(
        values[-1] < Fraction(1, 1000), f"gamma = 1/2: y at lag 1 is {', '.join(map(str, values))} for tau = 0, 9, 999"
    )


@erratum(
    "F-envelope",
    "cor:F.2",
    where="Appendix F.2, Consequence for the influence kernel",
    kind=Kind.LOOSE,
    printed='|K_(t,0)| = Theta(t^-beta_tail), "so the polynomial envelope in Theorem 8 is sharp".',
    correct="""
    The example has c2 = 1. It shows that the exponent is sharp for c2 <= 1. For c2 > 1 it is not, and for negative gains or late
    sources the envelope is far above what is attained.
    """,
    conclusion="survives for c2 <= 1",
)
def envelope() -> Shown:
    """gamma_max = 1/4, c2 = 3."""
    b = row_sum_tail_exponent(0.25, 3.0)
    return Shown(
        b > 0.25, f"gamma_max = 1/4, c2 = 3: the largest influence decays with {b:.4f}, the envelope with 0.25"
    )


ERRATA: tuple[Erratum, ...] = (shift, lower_constant, theta, envelope)
