"""Errata of Section 4.1."""

from fractions import Fraction

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.theory import stability


@erratum(
    "4.2-finite",
    "lem:4.2",
    where="Section 4.1, Lemma 4.2; Appendix D.4 (50)",
    kind=Kind.LOOSE,
    printed=r"$\lVert s \rVert \le \frac{1}{1 - \rho} \lVert f \rVert$ for $\rho < 1$.",
    correct=r"""For $T$ tokens $\lVert s \rVert \le (1 + \rho + \dots + \rho^{T-1}) \lVert f \rVert$, attained by predecessor routing, for every $\rho \ge 0$;
    $1/(1 - \rho)$ is the best constant for all $T$ at once.""",
    conclusion="survives; one number of tokens needs no contraction",
)
def finite_sum() -> Shown:
    """rho = 9/10, T = 2."""
    rho = Fraction(9, 10)
    worst, printed = stability.largest_state(2, rho), stability.solve_factor(1 - rho)
    return Shown(
        worst == stability.solve_factor(1 - rho, 2) < printed,
        f"rho = 9/10, T = 2: the worst state is {float(worst)} against {float(printed)}",
    )


@erratum(
    "2-gate",
    "prop:2",
    where="Section 4.1, Proposition 2; Appendix D.5, Proposition 25 (52)",
    kind=Kind.LOOSE,
    printed=r"$\lVert s_t \odot g_t \rVert \le \lVert s_t \rVert \lVert g_t \rVert$, so the gate enters with its norm.",
    correct=r"$\lVert s_t \odot g_t \rVert \le \lVert s_t \rVert \max_i |g_{t,i}|$: up to $\sqrt{r}$ smaller for $r$ channels, and attained.",
    conclusion="survives, with a smaller constant",
)
def gate() -> Shown:
    """s = g = (1, 1, 1, 1): squares 4, 16 as printed, 4 with the largest entry."""
    s = g = (1, 1, 1, 1)
    product, printed = (
        sum((a * b) ** 2 for a, b in zip(s, g, strict=True)),
        sum(a * a for a in s) * sum(b * b for b in g),
    )
    sharper = sum(a * a for a in s) * max(abs(b) for b in g) ** 2
    return Shown(
        product == sharper < printed, f"s = g = (1, 1, 1, 1): |s g|^2 = {product}, printed {printed}, sharper {sharper}"
    )


ERRATA: tuple[Erratum, ...] = (finite_sum, gate)
