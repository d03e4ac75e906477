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
    Let $f(n) = n^{s-1}$, $s = 1 - \beta \in (0, 1)$, and $g(n) = \frac{\Gamma(n-k+ks)}{\Gamma(ks)\, \Gamma(n-k+1)}$.
    For every $k \ge 1$ and $n \ge k$ $$g(n) \le f^{*k}(n) \le \Gamma(s)^k\, g(n),$$ with equality on the left at
    $n = k$, and in the limit $n \to \infty$ on the right. In powers of $n$,
    $k^{1-ks}\, n^{ks-1} \le f^{*k}(n) \le \frac{\Gamma(s)^k}{\Gamma(ks)}\, n^{ks-1}$, where again the first is attained
    at $n = k$ and the second is the limit: no better constants exist.
    """,
    proof=r"""
    *A family that convolves exactly.* Let $h(n) = \frac{\Gamma(n-1+s)}{\Gamma(n)}$ for $n \ge 1$. By the binomial
    series $\sum_{n \ge 1} h(n) x^n = \Gamma(s)\, x (1-x)^{-s}$. The $k$-th power of this is
    $\Gamma(s)^k x^k (1-x)^{-ks}$, whose coefficients are $h^{*k}(n) = \Gamma(s)^k g(n)$.

    *Between $h$ and $f$.* From $n$ to $n + 1$ the number $h(n)\, n^{1-s}$ moves by the factor
    $(1 - \frac{1-s}{n})(1 + \frac1n)^{1-s} \le (1 - \frac{1-s}{n})(1 + \frac{1-s}{n}) < 1$, by Bernoulli's inequality.
    So it falls, from $\Gamma(s)$ at $n = 1$ to its limit 1, and $f \le h \le \Gamma(s) f$. All terms are positive, so
    $f^{*k} \le h^{*k} \le \Gamma(s)^k f^{*k}$, which is the first claim.

    *Attained.* At $n = k$ there is one composition: $f^{*k}(k) = 1 = g(k)$. For the limit, let $\delta > 0$ and let $M$
    be such that $h \le (1 + \delta) f$ beyond $M$. The compositions of $n$ without a part up to $M$ contribute to
    $h^{*k}(n)$ at most $(1 + \delta)^k f^{*k}(n)$. Those with one contribute at most
    $k \sum_{m \le M} h(m)\, h^{*(k-1)}(n-m) = O(n^{(k-1)s-1})$ (nothing, for $k = 1$ and $n > M$), which is lost
    against $h^{*k}(n) \sim \frac{\Gamma(s)^k}{\Gamma(ks)} n^{ks-1}$. So $f^{*k}/h^{*k} \to 1$, that is
    $f^{*k}/g \to \Gamma(s)^k$. It follows too that $f^{*k}(n)\, n^{1-ks} \to \frac{\Gamma(s)^k}{\Gamma(ks)}$, so that
    no smaller upper constant in powers of $n$ serves.

    *The lower bound in powers of $n$.* There are
    $\binom{n-1}{k-1} = \prod_{i=1}^{k-1} \frac{n-i}{k-i} \ge \bigl(\frac{n}{k}\bigr)^{k-1}$ compositions
    $n = m_1 + \dots + m_k$. In each, $m_1 \cdots m_k \le (n/k)^k$, so $f(m_1) \cdots f(m_k) \ge (n/k)^{k(s-1)}$.
    Together $f^{*k}(n) \ge (n/k)^{ks-1}$, with equality at $n = k$.

    *The upper bound in powers of $n$, for $ks > 1$.* Put $q = ks - 1 \in (0, k - 1)$. From $n$ to $n + 1$ the number
    $g(n)\, n^{-q}$ moves by the factor $\bigl(1 + \frac{q}{n-k+1}\bigr)(1 + \frac1n)^{-q}$. Here $n - k + 1 < n - q$
    and $(1 + \frac1n)^{q} \le e^{q/n} \le \frac{1}{1 - q/n} = 1 + \frac{q}{n-q}$, so the factor is above 1. So
    $g(n)\, n^{-q}$ rises to its limit $\frac{1}{\Gamma(ks)}$, and $f^{*k} \le \Gamma(s)^k g$ gives the bound.

    *For $ks \le 1$*, induction over $k$. Suppose $f^{*j}(n) \le C_j n^{js-1}$ with $js \le 1$. Then $f^{*(j+1)}(n) \le
    C_j \sum_{m=1}^{n-1} m^{js-1} (n-m)^{s-1} = C_j\, n^{(j+1)s-1} \cdot \frac1n \sum_{m=1}^{n-1}
    \varphi\bigl(\frac{m}{n}\bigr)$ with $\varphi(x) = x^{js-1} (1-x)^{s-1}$. The logarithm of $\varphi$ is convex, and
    so is $\varphi$. So $\varphi(\frac{m}{n})$ is at most its mean over the interval of length $\frac1n$ around
    $\frac{m}{n}$, and the mean over $m$ is at most $\int_0^1 \varphi = B(js, s)$. From $C_1 = 1$,
    $C_{j+1} = C_j \frac{\Gamma(js)\, \Gamma(s)}{\Gamma((j+1)s)}$ follows $C_k = \frac{\Gamma(s)^k}{\Gamma(ks)}$.
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
    _in_powers_of_n(evidence)
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


def _in_powers_of_n(evidence: Evidence) -> None:
    """The three steps that lead from g to powers of n."""
    s, q, x, m, j = sympy.symbols("s q x m j", positive=True)
    k = sympy.Symbol("k", integer=True, positive=True)
    more, i = sympy.symbols("more i", nonnegative=True)
    claim = "in powers of n"
    evidence.nonnegative(
        claim,
        (j + more) * (j + i) - (j + i + more) * j,
        "(n-i)/(k-i) >= n/k with k = j + i, n = k + more: binomial(n-1, k-1) >= (n/k)^(k-1) compositions",
    )
    evidence.identity(
        claim,
        [
            sympy.diff((s - 1) * sympy.log(m), m, 2) - (1 - s) / m**2,
            sympy.expand((k - 1) + k * (s - 1) - (k * s - 1)),
        ],
        "their product of m_i^(s-1) is least at equal parts: f^(*k) >= (n/k)^(k-1) (n/k)^(k(s-1)) = (n/k)^(ks-1)",
    )
    slope = sympy.diff(sympy.log(1 / (1 - x)) - x, x).subs(x, 1 / (1 + m))
    evidence.nonnegative(
        claim,
        [slope, q / m - q / (m + j)],
        "ks > 1, q = ks - 1: (1+1/n)^q <= e^(q/n) <= 1/(1-q/n) = 1 + q/(n-q), and n-q > n-k+1: g n^(-q) rises to 1/Gamma(ks)",
    )
    best = convolution.best_convolution_power_constants(k, 1 - s)[1]
    evidence.identity(
        claim,
        [
            derived.simplified(best.subs(k, k + 1) - best * convolution.beta_function(k * s, s)),
            derived.log_convexity_defect(),
        ],
        "ks <= 1: sums of a convex function at m/n are at most its integral B(js, s): C_(j+1) = C_j B(js, s)",
    )


_KINDS = tuple((Fraction(s), k) for s in ("9/10", "1/2", "3/4", "1/10") for k in (2, 3, 5))


@states(
    "ours:nested-harmonic",
    "Nested harmonic sums, with their source",
    where="sharpens Lemma H.1",
    says=r"""
    For $0 \le \tau < t$ and $k \ge 1$:
    $(\mathcal H^k)(t, \tau) \le \frac{1}{t+1} \frac{(H_t - H_{\tau+1})^{k-1}}{(k-1)!}$, with equality for $k = 1$ and
    $k = 2$, and for all $k$ together
    $\sum_k z^k (\mathcal H^k)(t, \tau) = \frac{z}{t+1} \prod_{i=\tau+1}^{t-1} \bigl(1 + \frac{z}{i+1}\bigr)$. Since
    $H_t - H_{\tau+1} \le \log\frac{t}{\tau+1} \le \log \ell$, it is at most
    $\frac{(\log \ell)^{k-1}}{(k-1)!\,(1+\ell)}$ for every source.
    """,
    proof=r"""
    $(\mathcal H^k)(t, \tau)$ sums $\prod_{r=1}^{k} \frac{1}{i_r + 1}$ over all $\tau = i_0 < i_1 < \dots < i_k = t$.
    The last factor is $\frac{1}{t+1}$, and the others choose $k - 1$ different stops between $\tau$ and $t$. So it is
    $\frac{1}{t+1} e_{k-1}$ with the elementary symmetric sum of the numbers $\frac{1}{i+1}$, $\tau < i < t$. These sums
    are the coefficients of $\prod_i (1 + \frac{z}{i+1})$, which gives the generating function.

    The power $\bigl(\sum_i \frac{1}{i+1}\bigr)^{m}$ contains every product of $m$ different numbers $m!$ times, and no
    negative term. So $e_m \le \frac{1}{m!} \bigl(\sum_i \frac{1}{i+1}\bigr)^m$, with equality for $m = 0$ and $m = 1$.
    The sum is $H_t - H_{\tau+1}$.

    For $j \ge 2$, $\frac1j \le \log\frac{j}{j-1}$, so the sum is at most $\log\frac{t}{\tau+1}$. This is at most
    $\log \ell$, because $\ell (\tau + 1) - (\tau + \ell) = \tau (\ell - 1) \ge 0$. Last, $t + 1 \ge 1 + \ell$.
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
    Let $N$ blocks have $\lVert \partial F_{n,t} / \partial u_\tau \rVert \le d_n$ at $t = \tau$ and $\le a_n/(t+1)$ for
    $\tau < t$, and $\prod_n (d_n + a_n z) = \sum_k E_k z^k$. Then for *every* source $\tau \ge 0$ and lag $\ell \ge 1$
    $$\Bigl\lVert \frac{\partial h_{\tau+\ell}}{\partial x_\tau} \Bigr\rVert \le \frac{1}{1+\ell} \sum_{k=1}^{N} E_k
    \frac{(\log \ell)^{k-1}}{(k-1)!} :$$ the bounded family of sources is not needed. With linear blocks of width 1 it
    is attained up to a factor that tends to 1 for $\tau = 0$, because $H_t - 1 = \log t + O(1)$, and the symmetric sums
    are $(H_t - 1)^{k-1}/(k-1)!$ up to lower powers of $H_t$.
    """,
    proof=r"""
    *The bound.* By Theorem 31 the Jacobian's norm is at most a sum over the sets of $k$ blocks that jump,
    $1 \le k \le N$. Their constants $a_n$ and the others' $d_n$ add up to $E_k$ over all sets, and the kernels
    $\frac{1}{i_r + 1}$ of the jumps to $(\mathcal H^k)(t, \tau)$. By `ours:nested-harmonic` that is at most
    $\frac{(\log \ell)^{k-1}}{(k-1)!\,(1 + \ell)}$, for every $\tau$.

    *It is attained in the limit.* Let block $n$ be $F_{n,t}(u) = d_n u_t + \frac{a_n}{t+1} \sum_{j<t} u_j$. Its
    derivatives have the assumed sizes, nothing is negative, and the stack's derivative is
    $\sum_k E_k (\mathcal H^k)(t, \tau)$ exactly. For $\tau = 0$, let $S = H_t - 1$ be the sum of the numbers
    $\frac{1}{i+1}$, $0 < i < t$, and $Q < 1$ the sum of their squares. In $S^m$ the terms in which some number is
    repeated are at most $\binom{m}{2} Q S^{m-2}$ together, so
    $\frac{1}{m!} \bigl(S^m - \binom{m}{2} Q S^{m-2}\bigr) \le e_m \le \frac{1}{m!} S^m$. As $S - \log t$ is bounded and
    $\log t \to \infty$, $e_m$ is $\frac{(\log t)^m}{m!}$ times a factor that tends to 1. Here $t = \ell$, and
    $\frac{1}{t+1} = \frac{1}{1+\ell}$. So every term of the bound is attained up to such a factor, and so is their sum.
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
