"""Power-law convolutions (Appendix G)."""

from fractions import Fraction
from itertools import combinations
from math import prod
from typing import Any

import sympy
from flint import arb, fmpq

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from sessa_ref.theory import convolution as theory
from sessa_ref.theory import convolution_derivations as derived


@states(
    "def:9",
    "Convolution on positive lags",
    where="Appendix G, Definition 9",
    says=r"""
    For sequences $a, b$ on the lags $1, 2, \dots$: $(a * b)(n) = \sum_{m=1}^{n-1} a(n-m)\, b(m)$ for $n \ge 2$, and
    $(a * b)(1) = 0$; $a^{*1} = a$ and $a^{*k} = a^{*(k-1)} * a$. So $a^{*k}(n)$ sums $a(m_1) \cdots a(m_k)$ over all ways to
    write $n$ as an ordered sum of $k$ positive lags, and is 0 for $n < k$.
    """,
    trust="free symbols; every n up to 7 and every k up to n + 1",
    bends=(Bend("sums start at lag 0, as is usual elsewhere", {"first_lag": 0}),),
)
def convolution_on_positive_lags(evidence: Evidence, *, first_lag: int = 1) -> None:
    """The powers against the sum over compositions, with symbols for the entries."""
    length = 5 if evidence.quick else 7
    a = list(sympy.symbols(f"a1:{length + 1}"))
    power = a
    for k in range(2, length + 1):
        power = theory.convolve(power, a)
        differences = [power[n - 1] - _compositions(a, n, k, first_lag) for n in range(1, length + 1)]
        same = all(sympy.expand(difference) == 0 for difference in differences)
        evidence.instance(f"k = {k}: the power is the sum over compositions into k lags from {first_lag} on", same)
    cauchy = [sum(a[n - m] * a[m] for m in range(n + 1)) for n in range(3)]
    positive = theory.convolve(a, a)[:3]
    evidence.non_instance("the Cauchy product of the same entries, which also counts lag 0", cauchy == positive)


def _compositions(a: list[sympy.Symbol], n: int, k: int, first_lag: int) -> Any:
    """The sum over m_1 + ... + m_k = n with all m_i >= first_lag; a lag of 0 counts as 1."""
    room = n - k * first_lag + k - 1
    cuts = combinations(range(room), k - 1) if room >= k - 1 else ()
    parts = (
        [right - left - 1 + first_lag for left, right in zip((-1, *cut), (*cut, room), strict=True)] for cut in cuts
    )
    return sum((prod((a[m - 1] if m else sympy.Integer(1)) for m in part) for part in parts), sympy.Integer(0))


_PROOF = (
    "h_s(n) = Gamma(n-1+s)/Gamma(n) convolves exactly (Vandermonde, induction over N), and n^(s-1)/h_s(n) is monotone from "
    "1/Gamma(s) to 1 (Bernoulli): every sigma, rho > 0 and every n"
)


@states(
    "lem:G.1",
    "Convolution of two powers",
    where="Appendix G, Lemma G.1",
    says=r"""
    Let $\sigma, \rho > 0$ and $u_\sigma(n) = n^{\sigma-1}$, $u_\rho(n) = n^{\rho-1}$. There are constants
    $0 < c \le C < \infty$ with $c\, n^{\sigma+\rho-1} \le (u_\sigma * u_\rho)(n) \le C\, n^{\sigma+\rho-1}$ for all $n \ge 2$.

    Checked with explicit constants for all $\sigma, \rho$ (`theory.convolution.power_convolution_constants`), and with the best
    ones for $\sigma, \rho \in (0, 1]$: $c = 2^{1-\sigma-\rho}$, attained at $n = 2$, and $C = B(\sigma, \rho)$, the limit.
    """,
    needs=("def:9",),
    trust="real arithmetic; every n >= 2; every sigma, rho > 0; best constants for both in (0, 1]",
    bends=(
        Bend("the upper constant smaller by a tenth", {"upper": Fraction(9, 10)}),
        Bend("the lower constant larger by a tenth", {"lower": Fraction(11, 10)}),
        Bend("the exponent smaller by a half", {"exponent": Fraction(-1, 2)}),
    ),
)
def powers_convolve_to_a_power(
    evidence: Evidence,
    *,
    upper: Fraction = Fraction(1),
    lower: Fraction = Fraction(1),
    exponent: Fraction = Fraction(0),
) -> None:
    """The steps of the proof in symbols; then balls of the quotient, to show how near the constants are."""
    sigma, rho = derived.SIGMA, derived.RHO
    for claim in ("upper bound", "lower bound"):
        evidence.identity(claim, derived.vandermonde_defects(), _PROOF)
        evidence.identity(claim, [*derived.bernoulli_defects(), derived.shifted_power_step_defect()], _PROOF)
    evidence.identity(
        "best constants up to exponent 1",
        [derived.log_convexity_defect(), sympy.Rational(1, 2) * 2 ** (2 - sigma - rho) - 2 ** (1 - sigma - rho)],
        "x^(rho-1) (1-x)^(sigma-1) is convex: midpoint sums are at most the integral B (Hermite and Hadamard); the mean over the "
        "points m/n is at least the value at 1/2, (n-1)/n >= 1/2",
    )
    length = 60 if evidence.quick else 400
    quotients = {pair: _quotients(*pair, length, exponent) for pair in _EXPONENTS}
    bounds = {pair: theory.power_convolution_constants(*map(_ball, pair)) for pair in _EXPONENTS}
    best = {pair: theory.best_power_convolution_constants(*map(_ball, pair)) for pair in _EXPONENTS if max(pair) <= 1}
    shown = f"beside the proof: balls of the quotient for 2 <= n <= {length} and exponents from 1/10 to 4"
    for name, ends in (("", bounds), ("best constants up to exponent 1", best)):
        evidence.enclosed(
            name or "upper bound",
            [
                (q, _ball(upper) * ends[pair][1], f"sigma, rho = {pair[0]}, {pair[1]}, n = {n}")
                for pair in ends
                for n, q in quotients[pair]
            ],
            shown,
        )
        evidence.enclosed(
            name or "lower bound",
            [
                (_ball(lower) * ends[pair][0], q, f"sigma, rho = {pair[0]}, {pair[1]}, n = {n}")
                for pair in ends
                for n, q in quotients[pair]
                if n > 2
            ],
            shown,
        )
    # At n = 2 the sum has one term, 1, so that the best lower constant is attained there.
    at_2 = sympy.nsimplify(lower) * 2 ** (1 - sigma - rho) * 2 ** (sigma + rho - 1)
    evidence.exact(
        "best constants up to exponent 1", [(sympy.simplify(at_2), sympy.Integer(1), "n = 2")], "equality at n = 2"
    )


_EXPONENTS = tuple(
    (Fraction(a), Fraction(b))
    for a, b in (
        ("1/10", "1/10"),
        ("1/4", "3/4"),
        ("1/2", "1/2"),
        ("1", "1/2"),
        ("1", "1"),
        ("3/2", "1/2"),
        ("2", "1"),
        ("3", "1/4"),
        ("4", "4"),
    )
)


def _quotients(sigma: Fraction, rho: Fraction, length: int, shift: Fraction) -> list[tuple[int, arb]]:
    together = arb(0) + _ball(sigma + rho + shift) - 1
    product = theory.power_product(
        [arb(n) ** (_ball(sigma) - 1) for n in range(1, length + 1)],
        [arb(n) ** (_ball(rho) - 1) for n in range(1, length + 1)],
    )
    return [(n, product[n - 1] / arb(n) ** together) for n in range(2, length + 1)]


def _ball(value: Fraction | int) -> arb:
    value = Fraction(value)
    return arb(fmpq(value.numerator, value.denominator))


@states(
    "thm:30",
    "Powers of a power law",
    where="Appendix G, Theorem 30, (72)",
    says=r"""
    Let $\beta \in (0, 1)$ and $f(n) = n^{-\beta}$. For every $k \ge 1$ there are constants $0 < c \le C < \infty$ with
    $c\, n^{k(1-\beta)-1} \le f^{*k}(n) \le C\, n^{k(1-\beta)-1}$ for all $n \ge k$.

    Checked with the best constants, which are ours: $c = k^{1-k(1-\beta)}$, attained at $n = k$, and
    $C = \Gamma(1-\beta)^k / \Gamma(k(1-\beta))$, the limit for large $n$.
    """,
    needs=("def:9", "lem:G.1"),
    trust="real arithmetic; every beta in (0, 1), every k and every n >= k; both constants are the best",
    bends=(
        Bend("the upper constant smaller by a tenth", {"upper": Fraction(9, 10)}),
        Bend("the lower constant larger by a tenth", {"lower": Fraction(11, 10)}),
        Bend("from n = k - 1 on", {"first": -1}),
        Bend("the exponent k (1 - beta)", {"exponent": 1}),
    ),
)
def powers_of_a_power_law(
    evidence: Evidence,
    *,
    upper: Fraction = Fraction(1),
    lower: Fraction = Fraction(1),
    first: int = 0,
    exponent: int = 0,
) -> None:
    """Three arguments in symbols, one for each range of k (1 - beta); then balls."""
    s, q, n = sympy.symbols("s q n", positive=True)
    k = sympy.Symbol("k", integer=True, positive=True)
    best = theory.best_convolution_power_constants(k, 1 - s)[1]
    induction = best.subs(k, k + 1) - best * theory.beta_function(k * s, s)
    evidence.identity(
        "upper bound",
        [derived.simplified(induction), derived.log_convexity_defect()],
        "k s <= 1: induction with C_(k+1) = C_k B(ks, s), the best constant of Lemma G.1 for exponents up to 1; s = 1 - beta",
    )
    evidence.identity(
        "upper bound",
        [
            *derived.vandermonde_defects(),
            *derived.bernoulli_defects(),
            sympy.simplify(1 + q / (n - q) - n / (n - q)),
            sympy.simplify((n / (n + 1)) - (1 - 1 / (n + 1))),
        ],
        "k s >= 1: f^(*k) <= Gamma(s)^k g with g n^(1-ks) rising to 1/Gamma(ks): its step is 1 + q/(n-k+1) over (1+1/n)^q with "
        "q = ks - 1 < k - 1; for q <= 1 it is Bernoulli; for q > 1 one has 1 + q/(n-q) = n/(n-q) and (1 - 1/(n+1))^q >= 1 - q/(n+1)",
    )
    m = sympy.Symbol("m", positive=True)
    evidence.identity(
        "lower bound",
        [
            sympy.diff((s - 1) * sympy.log(m), m, 2) - (1 - s) / m**2,
            sympy.powsimp(k ** (1 - k) * k ** (k * (1 - s)) - k ** (1 - k * s)),
        ],
        "the product of m_i^(s-1) is log-convex, so its mean over the compositions of n is at least (n/k)^(k(s-1)) (Jensen); there "
        "are binomial(n-1, k-1) of them, and binomial(n-1, k-1) / n^(k-1) rises from its value k^(1-k) at n = k",
    )
    length, kinds = (150, ((Fraction(1, 2), 2), (Fraction(1, 4), 2))) if evidence.quick else (1500, _KINDS)
    high, low = [], []
    for beta, factors in kinds:
        constants = theory.best_convolution_power_constants(factors, _ball(beta))
        power = theory.convolution_power(_ball(beta), factors, length)
        for at in range(factors + (first or 1), length + 1, 1 if evidence.quick else 7):
            scale = arb(at) ** (factors * (1 - _ball(beta)) - 1 + exponent)
            text = f"beta = {beta}, k = {factors}, n = {at}"
            high.append((power[at - 1], _ball(upper) * constants[1] * scale, text))
            low.append((_ball(lower) * constants[0] * scale, power[at - 1], text))
    shown = f"beside the proof: balls for n up to {length}, {len(kinds)} pairs of beta and k"
    evidence.enclosed("upper bound", high, shown)
    evidence.enclosed("lower bound", low, shown)
    evidence.exact(
        "lower bound", [(sympy.nsimplify(lower), sympy.Integer(1), "n = k")], "equality at n = k: f^(*k)(k) = 1"
    )


_KINDS = tuple((Fraction(b), k) for b in ("1/10", "1/4", "1/2", "3/4", "9/10") for k in (2, 3, 4, 6))


ROWS = (convolution_on_positive_lags, powers_convolve_to_a_power, powers_of_a_power_law)
