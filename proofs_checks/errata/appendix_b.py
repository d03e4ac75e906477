"""Errata of Appendix B."""

from fractions import Fraction

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.theory.causal_attention import row_variation_constant
from sessa_ref.theory.diffuse_routing import row_sum_tail_exponent


@erratum(
    "B.4-constant",
    "lem:B.4",
    where="Appendix B.3, Lemma B.4",
    kind=Kind.LOOSE,
    printed="The sum of |d alpha_j| is at most 2 times the sum of alpha_i |d logit_i|.",
    correct="2 (1 - min alpha) is the best constant for a row, attained; 2 is the best for all rows together, and is not attained.",
    conclusion="survives; in the diffuse regime the gain is a factor 1 - O(1/n)",
)
def row_constant() -> Shown:
    """Two equal weights."""
    best = row_variation_constant(Fraction(1, 2))
    return Shown(best < 2, f"two equal weights: the best constant is {best}")


@erratum(
    "B.5-exponent",
    "lem:B.5",
    where="Appendix B.3, Lemma B.5",
    kind=Kind.LOOSE,
    printed="|K_(t,k)| <= eta e^eta (t - k)^-(1 - eta) under Assumption 15, whose rows sum to exactly 1.",
    correct="""
    Such rows have c2 >= 1, and for c2 > 1 the exponent b of b + gamma_max c2^b = 1 is larger than 1 - eta; it is the best one, holds with
    the constant 2, and does not need eta < 1.
    """,
    conclusion="survives",
)
def exponent() -> Shown:
    """gamma_max = 2/5, c2 = 2."""
    b = row_sum_tail_exponent(0.4, 2.0)
    return Shown(b > 0.2, f"gamma_max = 0.4, c2 = 2: {b:.4f} against {1 - 0.8:.1f}")


ERRATA: tuple[Erratum, ...] = (row_constant, exponent)
