"""Errata of Appendix G."""

from fractions import Fraction

from proofs_checks.errata.erratum import Erratum, Kind, Shown, erratum
from sessa_ref.theory import convolution


@erratum(
    "G.1-upper",
    "lem:G.1",
    where="Appendix G, proof of Lemma G.1, upper bound",
    kind=Kind.STEP,
    printed=r"$\sum_{m=1}^{\lfloor n/2 \rfloor} m^{\rho-1} \le 1 + \int_1^{n/2} x^{\rho-1}\,dx$ for every $\rho > 0$.",
    correct=r"""
    True for $\rho \le 1$, where $x^{\rho-1}$ does not increase. For $\rho > 1$ the sum is at most $(n/2)^\rho$. Theorem 30 needs the case $\rho > 1$, or
    $\sigma > 1$ in the mirrored sum, as soon as $k(1-\beta) > 1$.
    """,
    conclusion="survives, with another constant",
)
def sum_bounded_as_if_decreasing() -> Shown:
    """Rho = 2, n = 4: 1 + 2 against 1 + 3/2."""
    attained, claimed = sum(Fraction(m) for m in (1, 2)), 1 + (Fraction(4) - 1) / 2
    return Shown(attained > claimed, f"rho = 2, n = 4: the sum is {attained}, the bound {claimed}")


@erratum(
    "G.1-lower",
    "lem:G.1",
    where="Appendix G, proof of Lemma G.1, lower bound",
    kind=Kind.STEP,
    printed=r"""
    For $\lfloor n/4 \rfloor \le m \le \lfloor 3n/4 \rfloor$ and $n \ge 4$: $n/4 \le m$ and $n - m \le 3n/4$, hence every term of the block is at least
    $4^{1-\rho} n^{\rho-1} \cdot \min\{1, 4^{1-\sigma}\} n^{\sigma-1}$ for $\rho \ge 1$.
    """,
    correct=r"The block has to begin at $\lceil n/4 \rceil$; it still has at least $n/2 - 2$ members.",
    conclusion="survives, with the block moved by one",
)
def block_begins_too_early() -> Shown:
    """Rho = 2, sigma = 1, n = 5, m = 1: the term is 1, the bound 5/4."""
    n, m = 5, 5 // 4
    term, claimed = Fraction(m), Fraction(1, 4) * n
    return Shown(
        term < claimed and 4 * m < n, f"rho = 2, sigma = 1, n = {n}, m = {m}: the term is {term}, its bound {claimed}"
    )


@erratum(
    "30-constants",
    "thm:30",
    where="Appendix G, Theorem 30, (72)",
    kind=Kind.LOOSE,
    printed=r"There exist constants $c_{k,\beta}, C_{k,\beta}$; none is given.",
    correct=r"""
    The best are $c = k^{1-k(1-\beta)}$, attained at $n = k$, and $C = \Gamma(1-\beta)^k / \Gamma(k(1-\beta))$, the limit. For Lemma G.1 with exponents up to 1
    they are $2^{1-\sigma-\rho}$ and $B(\sigma, \rho)$.
    """,
    conclusion="survives, with the best constants",
)
def constants_can_be_named() -> Shown:
    """Beta = 1/2, k = 2: between 1 and pi; at n = 2 the quotient is 1, at n = 1000 it is 3.05."""
    low, high = convolution.best_convolution_power_constants(2, 0.5)
    power = convolution.convolution_power(0.5, 2, 1000)
    first, last = float(power[1]), float(power[999])
    shows = abs(first - low) < 1e-12 and 0.95 * high < last < high
    return Shown(
        shows,
        f"beta = 1/2, k = 2: {low:.0f} <= quotient <= {high:.4f}; at n = 2 it is {first:.4f}, at n = 1000 {last:.4f}",
    )


ERRATA: tuple[Erratum, ...] = (sum_bounded_as_if_decreasing, block_begins_too_early, constants_can_be_named)
