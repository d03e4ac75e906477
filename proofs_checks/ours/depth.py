"""Convolution powers and deep stacks: sharper bounds."""

from fractions import Fraction
from math import prod

import sympy
from flint import arb, fmpq

from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from sessa_ref.theory import convolution, depth
from sessa_ref.theory import convolution_derivations as derived


@states(
    "ours:convolution-powers",
    "Powers of a power law, two-sided",
    where="sharpens Theorem 30",
    says=r"""
    Let $f(n) = n^{s-1}$, $s = 1 - \beta \in (0, 1)$, and $g(n) = \frac{\Gamma(n-k+ks)}{\Gamma(ks)\, \Gamma(n-k+1)}$. For every $k \ge 1$ and $n \ge k$
    $$g(n) \le f^{*k}(n) \le \Gamma(s)^k\, g(n),$$
    with equality on the left at $n = k$, and in the limit $n \to \infty$ on the right. In powers of $n$,
    $k^{1-ks}\, n^{ks-1} \le f^{*k}(n) \le \frac{\Gamma(s)^k}{\Gamma(ks)}\, n^{ks-1}$, where again the first is attained at $n = k$ and the second is
    the limit: no better constants exist.
    """,
    needs=("thm:30",),
    trust="real arithmetic; every s in (0, 1), every k and n",
    bends=(
        Bend("the upper bound smaller by a tenth", {"upper": Fraction(9, 10)}),
        Bend("the lower bound larger by a tenth", {"lower": Fraction(11, 10)}),
        Bend("Gamma(s)^(k - 1) in place of Gamma(s)^k", {"factors": -1}),
    ),
)
def convolution_powers(
    evidence: Evidence, *, upper: Fraction = Fraction(1), lower: Fraction = Fraction(1), factors: int = 0
) -> None:
    """h_s(n) = Gamma(n-1+s)/Gamma(n) is at least n^(s-1) and at most Gamma(s) n^(s-1); its powers are known exactly."""
    proof = "f <= h_s <= Gamma(s) f (Bernoulli), and h_s^(*k) = Gamma(s)^k g (Vandermonde, k - 1 times)"
    s, j = sympy.Symbol("s", positive=True), sympy.Symbol("j", integer=True, positive=True)
    k, n = sympy.symbols("k n", integer=True, positive=True)
    core = convolution.convolution_power_core
    folded = [
        *derived.vandermonde_defects(),
        *derived.bernoulli_defects(),
        derived.shifted_power_step_defect(),
        derived.simplified(
            convolution.beta_function(j * s, s) * convolution.gamma((j + 1) * s)
            - convolution.gamma(j * s) * convolution.gamma(s)
        ),
    ]
    evidence.identity("upper bound", folded, proof)
    evidence.identity("lower bound", folded, proof)
    evidence.identity("attained", derived.simplified((core(k, k, s)) - 1), "g(k) = 1 = f^(*k)(k)")
    most = sympy.gamma(s) ** k * core(n, k, s)
    evidence.identity(
        "attained",
        [
            derived.simplified(
                convolution.best_convolution_power_constants(k, 1 - s)[1] * sympy.gamma(k * s) - sympy.gamma(s) ** k
            ),
            derived.simplified(most / core(n, k, s) - sympy.gamma(s) ** k),
        ],
        "h_s(n) n^(1-s) tends to 1, and g(n) n^(1-ks) to 1/Gamma(ks); terms with some lag m_i <= M are O(n^((k-1)s-1)), which is lost "
        "against n^(ks-1), for every M: the right-hand sides are the limits",
    )
    length, kinds = (120, _KINDS[:2]) if evidence.quick else (1500, _KINDS)
    high, low = [], []
    for share, count in kinds:
        power = convolution.convolution_power(1 - _ball(share), count, length)
        for at in range(count + 1, length + 1, 1 if evidence.quick else 5):
            g = convolution.convolution_power_core(arb(at), count, _ball(share))
            text = f"s = {share}, k = {count}, n = {at}"
            high.append((power[at - 1], _ball(upper) * convolution.gamma(_ball(share)) ** (count + factors) * g, text))
            low.append((_ball(lower) * g, power[at - 1], text))
    evidence.enclosed("upper bound", high, f"beside the proof: balls, n up to {length}")
    evidence.enclosed("lower bound", low, f"beside the proof: balls, n up to {length}")


_KINDS = tuple((Fraction(s), k) for s in ("9/10", "1/2", "3/4", "1/10") for k in (2, 3, 5))


@states(
    "ours:nested-harmonic",
    "Nested harmonic sums, with their source",
    where="sharpens Lemma H.1",
    says=r"""
    For $0 \le \tau < t$ and $k \ge 1$: $(\mathcal H^k)(t, \tau) \le \frac{1}{t+1} \frac{(H_t - H_{\tau+1})^{k-1}}{(k-1)!}$, with equality for $k = 1$ and
    $k = 2$, and for all $k$ together $\sum_k z^k (\mathcal H^k)(t, \tau) = \frac{z}{t+1} \prod_{i=\tau+1}^{t-1} \bigl(1 + \frac{z}{i+1}\bigr)$. Since
    $H_t - H_{\tau+1} \le \log\frac{t}{\tau+1} \le \log \ell$, it is at most $\frac{(\log \ell)^{k-1}}{(k-1)!\,(1+\ell)}$ for every source.
    """,
    needs=("lem:H.1",),
    trust="real arithmetic; every k, t, tau",
    bends=(
        Bend("the bound smaller by a tenth", {"constant": Fraction(9, 10)}),
        Bend("H_t - H_(tau+2)", {"terms": 1}),
    ),
)
def nested_harmonic(evidence: Evidence, *, constant: Fraction = Fraction(1), terms: int = 0) -> None:
    """The generating function, and 1 + x <= e^x coefficient by coefficient."""
    z, a, b = sympy.symbols("z a b", nonnegative=True)
    grown = sympy.expand(
        (sympy.Symbol("P") * (1 + z * a)).subs(sympy.Symbol("P"), 1 + b * z) - (1 + b * z) - a * z * (1 + b * z)
    )
    evidence.identity("generating function", grown, "one more stop i multiplies by 1 + z/(i+1): it is used or not")
    for t in range(1, 6 if evidence.quick else 9):
        for tau in range(t):
            product = prod((1 + z / (i + 1) for i in range(tau + 1, t)), start=sympy.Integer(1)) * z / (t + 1)
            listed = sum(z**k * sympy.Rational(depth.nested_harmonic(k, tau, t)) for k in range(1, t - tau + 1))
            evidence.identity("generating function", sympy.expand(product - listed), f"t = {t}, tau = {tau}")
    e = sympy.series(sympy.exp(a * z), z, 0, 8).removeO() - (1 + a * z)
    negative = [c for c in sympy.Poly(e, z, a).coeffs() if c < 0]
    evidence.identity(
        "bound",
        negative or [sympy.Integer(0)],
        "1 + x z is at most e^(x z) coefficient by coefficient, so is the product, whose exponent is z (H_t - H_(tau+1))",
    )
    T, most = (16, 3) if evidence.quick else (60, 5)
    pairs = []
    for k in range(1, most + 1):
        for tau in (0, 1, 3, 10):
            for t in range(tau + 1, T):
                between = depth.harmonic(t) - depth.harmonic(min(tau + 1 + terms, t))
                bound = constant * between ** (k - 1) / int(sympy.factorial(k - 1)) / (t + 1)
                pairs.append((depth.nested_harmonic(k, tau, t), bound, f"k = {k}, tau = {tau}, t = {t}"))
    evidence.exact("bound", pairs, "exact fractions; equal for k = 1 and 2")


@states(
    "ours:deep-attention",
    "Deep attention dilutes, from every source",
    where="sharpens Proposition 32, Corollary 4.7 (i) and Proposition 13 (i)",
    says=r"""
    Let $N$ blocks have $\lVert \partial F_{n,t} / \partial u_\tau \rVert \le d_n$ at $t = \tau$ and $\le a_n/(t+1)$ for $\tau < t$, and
    $\prod_n (d_n + a_n z) = \sum_k E_k z^k$. Then for *every* source $\tau \ge 0$ and lag $\ell \ge 1$
    $$\Bigl\lVert \frac{\partial h_{\tau+\ell}}{\partial x_\tau} \Bigr\rVert \le \frac{1}{1+\ell} \sum_{k=1}^{N} E_k \frac{(\log \ell)^{k-1}}{(k-1)!} :$$
    the bounded family of sources is not needed. With linear blocks of width 1 it is attained up to a factor that tends to 1 for $\tau = 0$,
    because $H_t - 1 = \log t + O(1)$, and the symmetric sums are $(H_t - 1)^{k-1}/(k-1)!$ up to lower powers of $H_t$.
    """,
    needs=("thm:31", "ours:nested-harmonic"),
    trust="real arithmetic; every N, tau and lag",
    bends=(
        Bend("the bound smaller by two fifths", {"constant": Fraction(3, 5)}),
        Bend("the last logarithm left out", {"powers": -1}),
    ),
)
def deep_attention(evidence: Evidence, *, constant: Fraction = Fraction(1), powers: int = 0) -> None:
    """lag (tau + 1) - (tau + lag) = tau (lag - 1); then balls of whole path sums at lags up to 10^5."""
    tau, more = sympy.symbols("tau more", nonnegative=True)
    evidence.identity(
        "bound",
        [
            sympy.expand((1 + more) * (tau + 1) - (tau + 1 + more) - tau * more),
            sympy.expand((tau + 1 + more + 1) - (1 + 1 + more) - tau),
        ],
        "t/(tau+1) <= lag and t + 1 >= 1 + lag; then Theorem 31 and the row ours:nested-harmonic",
    )
    last, pairs = 2000 if evidence.quick else 100_000, []
    weights = depth.path_weights([arb(1)] * 3, [arb(2)] * 3)
    for source in (0, 7, 1000):
        sums, wanted = [arb(1), arb(0), arb(0)], {source + lag for lag in (2, 3, 10, 100, 1000, 10_000, last)}
        for t in range(source + 1, source + last + 1):
            if t in wanted:
                lag = t - source
                total = sum((E * e for E, e in zip(weights[1:], sums, strict=True)), arb(0)) / (t + 1)
                bound = _ball(constant) * depth.deep_attention_bound(weights[: len(weights) + powers], arb(lag))
                pairs.append((total, bound, f"N = 3, tau = {source}, lag = {lag}"))
            sums = [sums[0], sums[1] + sums[0] / (t + 1), sums[2] + sums[1] / (t + 1)]
    evidence.enclosed("bound", pairs, f"beside the proof: balls of the path sum, lags up to {last}, sources up to 1000")


def _ball(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


ROWS = (convolution_powers, nested_harmonic, deep_attention)
