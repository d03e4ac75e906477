"""Errata of Appendix E."""

from fractions import Fraction

from flint import arb

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from proofs_checks.worst_routing import ball, worst_influence
from sessa_ref.theory.diffuse_routing import best_tail_constant, tail_constant


@erratum(
    "E-60",
    "cor:E.4",
    where="Appendix E.2, (59) and (60)",
    kind=Kind.SLIP,
    printed="(59) assumes 0 < eta < 1, and (60) defines beta_tail = 1 - eta in (0, 1].",
    correct="""
    Under (59) beta_tail is in (0, 1), as Theorem 28 and Corollaries E.3 and E.4 have it. The value 1 belongs to eta = 0, which Remark E.2
    and Theorem 8 treat apart; there Theorem 8's constant is 0, rightly, because the influence is 0.
    """,
    conclusion="survives",
)
def endpoint() -> Shown:
    """eta = 0."""
    y = worst_influence(5, Fraction(0), Fraction(3))
    return Shown(y[1:] == [0] * 4, "beta_tail = 1 only for eta = 0, outside (59): then all later y are 0, and so is C")


@erratum(
    "E.1-dangling",
    "rem:E.1",
    where="Appendix E.2, Remark E.1",
    kind=Kind.SLIP,
    printed='"The conclusion c2 >= 1 no longer follows."',
    correct="No such conclusion was drawn before. Without full rows every c2 > 0 occurs; full rows need c2 >= 1, as the remark goes on to say.",
    conclusion="survives",
)
def dangling() -> Shown:
    """Rows 1/(2t)."""
    sums = {sum(Fraction(1, 2 * t) for _ in range(t)) for t in range(1, 9)}
    return Shown(sums == {Fraction(1, 2)}, "rows 1/(2 t) keep the envelope with c2 = 1/2 and sum to 1/2")


@erratum(
    "E.3-uniform",
    "asm:26",
    where="Appendix E.3, (61)",
    kind=Kind.HYPOTHESIS,
    printed="""
    "Fix t" and let the logits of row t lie between two bounds; then Assumption 26 holds with c2 = e^(upper - lower).
    """,
    correct="Assumption 26 has one c2 for all t, so the bounds must be the same for all rows.",
    conclusion="survives with bounds that do not depend on t",
)
def uniform_bounds() -> Shown:
    """Row t has one logit log t and t - 1 logits 0."""
    scaled = [Fraction(t * t, t + t - 1) for t in (10, 1000)]  # t alpha = t * t / (t + (t - 1))
    return Shown(
        scaled[1] > 500,
        f"logits log t, 0, ..., 0 are bounded in each row; t alpha is {float(scaled[0]):.1f} at t = 10, {float(scaled[1]):.0f} at t = 1000",
    )


@erratum(
    "28-unused",
    "thm:28",
    where="Appendix E.4, Theorem 28 and its proof",
    kind=Kind.LOOSE,
    printed="The theorem assumes sum_j alpha_(t,j) <= 1 and eta < 1.",
    correct="""
    The proof uses neither: |y_t| <= eta e^eta t^(eta - 1) holds for every eta > 0 and rows of any sum. With the row sums a larger exponent
    holds for c2 > 1, and decay for every gamma_max < 1.
    """,
    conclusion="survives, and holds more widely",
)
def unused() -> Shown:
    """eta = 9/5, rows c2/t that sum to 2."""
    eta = Fraction(9, 5)
    y = worst_influence(30, Fraction(9, 10), Fraction(2), row_sums=False)
    c = ball(eta) * ball(eta).exp()
    holds = all(ball(v) <= c * arb(t) ** (ball(eta) - 1) for t, v in enumerate(y) if t)
    return Shown(
        bool(holds), "eta = 9/5 and rows of sum 2: the largest |y_t| is below eta e^eta t^(eta - 1) up to t = 29"
    )


@erratum(
    "28-constant",
    "thm:28",
    where="Appendix E.4, (62)",
    kind=Kind.LOOSE,
    printed="C = eta e^eta.",
    correct="C = 1/Gamma(eta), approached by uniform routing; log(1 + x) <= x and H_n <= 1 + log n lose the rest.",
    conclusion="survives",
)
def constant() -> Shown:
    """eta = 9/10."""
    best, printed = best_tail_constant(0.9), tail_constant(0.9)
    return Shown(best < printed, f"eta = 9/10: {best:.4f} against {printed:.4f}")


@erratum(
    "E.4-source",
    "cor:E.4",
    where="Appendix E.6, Corollary E.4",
    kind=Kind.LOOSE,
    printed="|y_t| <= eta e^eta (t - j)^-beta_tail for every position j, by c2/(j + n) <= c2/n.",
    correct="""
    |y_(j + l)| <= eta Gamma(j+1)/Gamma(j+1+eta) * Gamma(j+l+eta)/Gamma(j+l+1), which falls like (j + 1)^-eta in the position and is
    attained for c2 <= 1: late impulses are weaker.
    """,
    conclusion="survives",
)
def late_source() -> Shown:
    """Source 100, lag 1."""
    value = worst_influence(102, Fraction(1, 2), Fraction(1), 100)[1]
    return Shown(
        value == Fraction(1, 202),
        f"eta = 1/2, j = 100, lag 1: at most {value}, where the corollary gives {tail_constant(0.5):.3f}",
    )


ERRATA: tuple[Erratum, ...] = (endpoint, dangling, uniform_bounds, unused, constant, late_source)
