"""How fast deep stacks forget: attention, state-space models, Sessa (Section 4.2.7, Appendix H.4 and H.5)."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks import deep_stacks
from proofs_checks.evidence import Evidence
from proofs_checks.statement import Bend, states
from sessa_ref.theory import convolution
from sessa_ref.theory import depth as theory

_TRUST = "real arithmetic; every N, lag and source; constants explicit in d_n, lambda_n a_n (the paper names N alone)"
_STACK = "Let a stack of $N$ blocks satisfy Theorem 31 with $d_n$, $\\lambda_n$ and"


@states(
    "prop:32",
    "Deep attention dilutes",
    where="Appendix H.4, Proposition 32",
    says=rf"""
    {_STACK} $K_n(t, \tau) \le a_n/(t+1)$ for $\tau < t$. Then for $0 \le \tau \le \tau_{{\max}}$, $\ell \ge 1$
    $$\Bigl\lVert \frac{{\partial h^{{(N)}}_{{\tau+\ell}}}}{{\partial x_\tau}} \Bigr\rVert
    \lesssim \frac{{(\log(1+\ell))^{{N-1}}}}{{1+\ell}}.$$
    Checked with a constant for every $\tau$, bounded or not: $\sum_k E_k (\log 2)^{{k-N}}/(k-1)!$, where $\prod_n (d_n + \lambda_n a_n z) =
    \sum_k E_k z^k$.
    """,
    needs=("thm:31", "lem:H.1"),
    trust=_TRUST,
    bends=(
        Bend("the constant smaller by a tenth", {"constant": Fraction(9, 10)}),
        Bend("one power of the logarithm too few", {"power": -1}),
        Bend("kernels a / sqrt(t + 1)", {"dilution": Fraction(1, 2)}),
    ),
)
def deep_attention(
    evidence: Evidence, *, constant: Fraction = Fraction(1), power: int = 0, dilution: Fraction = Fraction(1)
) -> None:
    """Path sums factor into E_k and (H^k)(t, tau), in symbols; then balls, and a real stack of diffuse attention."""
    _factors(evidence, lambda t, tau: sympy.Rational(1, t + 1))
    tau, more, c, M = sympy.symbols("tau more c M", nonnegative=True)
    evidence.identity(
        "bound",
        sympy.expand((1 + more) * (tau + 1) - (tau + 1 + more) - tau * more),
        "Lemma H.1 with H_t - H_(tau+1) <= log(t/(tau+1)) <= log lag: lag (tau+1) - (tau+lag) = tau (lag - 1)",
    )
    lifted = [(c + M) ** (N - 1) - c ** (N - k) * (c + M) ** (k - 1) for N in range(1, 6) for k in range(1, N + 1)]
    no_negative(
        evidence,
        "bound",
        lifted,
        "log(1+lag) = c + M with c = log 2: (c+M)^(k-1) <= c^(k-N) (c+M)^(N-1), N up to 5, so for all",
    )
    length, pairs = 400 if evidence.quick else 4000, []
    for diagonal, jumps in (
        ((1, 1), (1, 1)),
        ((1, 1, 1), (2, 2, 2)),
        ((0.125, 0.125, 0.125), (1, 2, 3)),
        ((1,) * 5, (1,) * 5),
    ):
        weights = theory.path_weights([arb(d) for d in diagonal], [arb(a) for a in jumps])
        C = theory.deep_attention_constant(weights)
        for source in (0, 1, 10):
            for t, total in _harmonic_path_sums(weights, source, length, dilution):
                lag = t - source
                printed = C * arb(1 + lag).log() ** (len(diagonal) - 1 + power) / (1 + lag)
                pairs.append((total, ball(constant) * printed, f"N = {len(diagonal)}, tau = {source}, lag = {lag}"))
    evidence.enclosed("bound", pairs, f"beside the proof: balls of the path sum, lags up to {length}")
    one = [(Fraction(1, t + 1), constant * Fraction(1, 1 + t), f"N = 1, tau = 0, lag = {t}") for t in (1, 10)]
    evidence.exact("bound", one, "N = 1, d = 1, a = 1: equality")
    measured, _ = real_stack(evidence, "attention", 3)
    T = len(measured.whole)
    lags = np.subtract.outer(np.arange(T), np.arange(T))
    weights = theory.path_weights(measured.diagonal(), measured.constants(diffuse(T)))
    bound = theory.deep_attention_constant(weights) * np.log1p(np.maximum(lags, 1)) ** 2 / (1 + np.maximum(lags, 1))
    meets(evidence, "bound", measured, bound, "three layers of diffuse attention with residuals")


@states(
    "prop:33",
    "Deep state-space models forget exponentially",
    where="Appendix H.4, Proposition 33",
    says=rf"""
    {_STACK} $K_n(t, \tau) \le a_n e^{{-c_n (t - \tau)}}$, $c_n > 0$, for $\tau < t$ (failed freeze time); $c_* = \min_n c_n$. Then for
    $\tau < t$, $\ell = t - \tau$: $\lVert \partial h^{{(N)}}_t / \partial x_\tau \rVert \lesssim (1 + \ell)^{{N-1}} e^{{-c_* \ell}}$.
    Checked with $\sum_k E_k \binom{{\ell-1}}{{k-1}} e^{{-c_*\ell}}$, an equality for equal rates, and the constant $\sum_k E_k/(k-1)!$.
    """,
    needs=("thm:31",),
    trust=_TRUST,
    bends=(
        Bend("the constant smaller by a tenth", {"constant": Fraction(9, 10)}),
        Bend("one power of 1 + lag too few", {"power": -1}),
        Bend("the largest rate in place of the smallest", {"slowest": False}),
    ),
)
def deep_state_space(
    evidence: Evidence, *, constant: Fraction = Fraction(1), power: int = 0, slowest: bool = True
) -> None:
    """Path sums in symbols; then exact rationals e^(-c) = q; then a real stack of selective state-space models."""
    q, lag, i, r = sympy.symbols("q lag i r", positive=True)
    _factors(
        evidence, lambda t, tau: q ** (t - tau), counted=lambda k, tau, t: comb(t - tau - 1, k - 1) * q ** (t - tau)
    )
    evidence.identity(
        "bound",
        [sympy.expand((lag + 1) - (lag - i) - (1 + i)), sympy.powsimp(q**lag * r**lag - (q * r) ** lag, force=True)],
        "binomial(lag - 1, k - 1) (k-1)! is a product of k - 1 factors lag - i <= lag + 1; with unequal rates q_n = q r_n, r_n <= 1, "
        "a path's product is at most q^lag",
    )
    length, pairs = (60, []) if evidence.quick else (400, [])
    for rates in ((Fraction(9, 10),) * 3, (Fraction(1, 2), Fraction(9, 10)), (Fraction(3, 4),)):
        N = len(rates)
        weights = theory.path_weights([Fraction(1)] * N, [Fraction(1)] * N)
        q_star = max(rates) if slowest else min(rates)
        C = sum((weights[k] / sympy.factorial(k - 1) for k in range(1, N + 1)), sympy.Integer(0))
        C = Fraction(int(C.p), int(C.q))
        for at, total in enumerate(_lag_path_sums(rates, length), start=1):
            bound = constant * C * Fraction(1 + at) ** (N - 1 + power) * q_star**at
            pairs.append((total, bound, f"N = {N}, rates -log of {', '.join(map(str, rates))}, lag = {at}"))
    evidence.exact("bound", pairs, f"exact rationals: whole path sums, lags up to {length}")
    measured, slowest_decay = real_stack(evidence, "state space", 3)
    T = len(measured.whole)
    lags = np.maximum(np.subtract.outer(np.arange(T), np.arange(T)), 1)
    weights = theory.path_weights(measured.diagonal(), measured.constants(np.exp(-slowest_decay * lags)))
    factor = sum(E / sympy.factorial(k - 1) for k, E in enumerate(weights) if k)
    bound = float(factor) * (1.0 + lags) ** 2 * np.exp(-slowest_decay * lags)
    meets(evidence, "bound", measured, bound, "three selective state-space layers with residuals, steps never near 0")


@states(
    "prop:34",
    "Deep Sessa: the general envelope",
    where="Appendix H.4, Proposition 34",
    says=rf"""
    {_STACK} $K_n(t, \tau) \le a_n (t - \tau)^{{-\beta}} (1 + \log(1 + t - \tau))$ for $\tau < t$, one $\beta \in (0, 1)$ for all. Then for
    $\tau < t$, $\ell = t - \tau$:
    $$\Bigl\lVert \frac{{\partial h^{{(N)}}_t}}{{\partial x_\tau}} \Bigr\rVert \lesssim
    \sum_{{k=1}}^{{N}} \ell^{{k(1-\beta)-1}} (1 + \log(1+\ell))^k \lesssim \ell^{{N(1-\beta)-1}} (1 + \log(1+\ell))^N.$$
    Checked with the constants $E_k\, \Gamma(1-\beta)^k/\Gamma(k(1-\beta))$ of Theorem 30.
    """,
    needs=("thm:30", "thm:31"),
    trust=_TRUST,
    bends=(
        Bend("the constants smaller by a tenth", {"constant": Fraction(9, 10)}),
        Bend("one logarithm too few", {"logarithms": -1}),
        Bend("the exponent k (1 - beta) - 3/2", {"exponent": Fraction(-1, 2)}),
    ),
)
def deep_sessa(
    evidence: Evidence,
    *,
    constant: Fraction = Fraction(1),
    logarithms: int = 0,
    exponent: Fraction = Fraction(0),
) -> None:
    """Path sums of lag kernels are convolutions, in symbols; then balls; then a real stack, reference and torch."""
    f = sympy.symbols("f1:8")
    _factors(evidence, lambda t, tau: f[t - tau - 1], counted=lambda k, tau, t: _convolved(f, k)[t - tau - 1])
    m = sympy.Symbol("m", nonnegative=True)
    evidence.identity(
        "bound",
        sympy.simplify(sympy.diff(sympy.log(1 + m), m) - 1 / (1 + m)),
        "1 + log(1 + m) rises with m, so each of the k factors is at most 1 + log(1 + lag); Theorem 30 with its best constant",
    )
    length, pairs, simple = (80 if evidence.quick else 1200), [], []
    for beta in (Fraction(1, 4), Fraction(1, 2), Fraction(4, 5)):
        base = [arb(n) ** -ball(beta) * (1 + arb(1 + n).log()) for n in range(1, length + 1)]
        for diagonal, jumps in (((1, 1), (1, 1)), ((1, 1, 1), (1, 1, 1)), ((8, 8), (0.125, 0.125))):
            weights = theory.path_weights([arb(d) for d in diagonal], [arb(a) for a in jumps])
            totals = _convolution_sums(weights, base)
            for lag in range(1, length + 1, 1 if evidence.quick else 5):
                grown = 1 + arb(1 + lag).log()
                scale = ball(constant) * grown**logarithms * arb(lag) ** ball(exponent)
                text = f"N = {len(diagonal)}, beta = {beta}, lag = {lag}"
                if lag > 1:  # at lag 1 every path has one jump, and both sides are equal
                    pairs.append(
                        (totals[lag - 1], scale * theory.deep_sessa_bound(weights, ball(beta), arb(lag)), text)
                    )
                C = sum(
                    (
                        E * convolution.best_convolution_power_constants(k, ball(beta))[1]
                        for k, E in enumerate(weights)
                        if k
                    ),
                    arb(0),
                )
                N = len(diagonal)
                simple.append((totals[lag - 1], scale * C * arb(lag) ** (N * (1 - ball(beta)) - 1) * grown**N, text))
    evidence.enclosed("bound", pairs, f"beside the proof: balls of the path sum, lags up to {length}")
    dominated = [(1 + m) ** N - (1 + m) ** k for N in range(1, 6) for k in range(1, N + 1)]
    no_negative(
        evidence,
        "last term dominates",
        dominated,
        "1 + m is 1 + log(1+lag); and lag^(k(1-beta)) rises with k; N up to 5, so for all",
    )
    evidence.enclosed("last term dominates", simple, f"beside the proof: balls, lags up to {length}")
    measured, beta = real_stack(evidence, "Sessa", 3)
    T = len(measured.whole)
    lags = np.maximum(np.subtract.outer(np.arange(T), np.arange(T)), 1)
    envelope = lags**-beta * (1 + np.log1p(lags))
    weights = theory.path_weights(measured.diagonal(), measured.constants(envelope))
    meets(evidence, "bound", measured, theory.deep_sessa_bound(weights, beta, lags), "three diffuse Sessa blocks")


def no_negative(evidence: Evidence, claim: str, polynomials: list[sympy.Expr], how: str) -> None:
    """Note that polynomials in symbols that are not negative have no negative coefficient."""
    variables = sorted(set().union(*(p.free_symbols for p in polynomials)), key=str)
    coefficients = [c for p in polynomials for c in sympy.Poly(p, *variables).coeffs()]
    negative: list[sympy.Expr] = [c for c in coefficients if c < 0]
    evidence.identity(claim, negative or [sympy.Integer(0)], f"{how} (no negative coefficient)")


def _factors(
    evidence: Evidence,
    kernel: Callable[[int, int], sympy.Expr],
    counted: Callable[[int, int, int], sympy.Expr] | None = None,
) -> None:
    """Path sums of N blocks with kernels a_n k(t, tau) are the sum of E_k (k-fold path sum of k), for free d_n and a_n."""
    T, N = (4, 2) if evidence.quick else (6, 3)
    d, a = sympy.symbols(f"d1:{N + 1}"), sympy.symbols(f"a1:{N + 1}")
    K = sympy.Matrix(T, T, lambda t, tau: kernel(t, tau) if tau < t else 0)
    product = sympy.eye(T)
    for n in range(N):
        product = (d[n] * sympy.eye(T) + a[n] * K) * product
    weights, differences = theory.path_weights(d, a), []
    for tau in range(T):
        for t in range(tau + 1, T):
            powers = (counted(k, tau, t) if counted else (K**k)[t, tau] for k in range(1, N + 1))
            differences.append(
                sympy.expand(product[t, tau] - sum(E * p for E, p in zip(weights[1:], powers, strict=True)))
            )
    evidence.identity(
        "bound",
        differences,
        f"free d_n and a_n, {N} blocks, {T} tokens: the path sum is the sum of E_k times k-fold sums",
    )


def _convolved(f: Sequence[sympy.Symbol], k: int) -> list[Any]:
    power: list[Any] = list(f)
    for _ in range(k - 1):
        power = convolution.convolve(power, f)
    return power


def _harmonic_path_sums(weights: Sequence[arb], source: int, length: int, dilution: Fraction) -> list[tuple[int, arb]]:
    """(t, sum of E_k (H^k)(t, tau)) at some t, by E_k(t + 1) = E_k(t) + E_(k-1)(t) / (t + 1), in balls."""
    sums, found, p = [arb(1)] + [arb(0)] * (len(weights) - 2), [], ball(dilution)
    for t in range(source + 1, source + length + 1):
        weight = arb(t + 1) ** -p
        if (t - source < 30 and (t - source > 1 or len(weights) > 2)) or t % 101 == 0:
            found.append((t, sum((E * s for E, s in zip(weights[1:], sums, strict=True)), arb(0)) * weight))
        for k in range(len(sums) - 1, 0, -1):
            sums[k] += sums[k - 1] * weight
    return found


def _lag_path_sums(rates: tuple[Fraction, ...], length: int) -> list[Fraction]:
    """The path sum of kernels q_n^lag with d_n = 1 at lags 1, ..., exactly: coefficients of the product of 1 + q z/(1 - q z)."""
    total = [Fraction(1)] + [Fraction(0)] * length
    for q in rates:
        running, new = Fraction(0), []
        for value in total:
            new.append(value + q * running)
            running = value + q * running
        total = new
    return total[1:]


def _convolution_sums(weights: Sequence[arb], base: list[arb]) -> list[arb]:
    total, power = [weights[1] * b for b in base], base
    for E in weights[2:]:
        power = convolution.power_product(power, base)
        total = [one + E * other for one, other in zip(total, power, strict=True)]
    return total


def diffuse(T: int) -> np.ndarray:
    """1 / (t + 1) for all t and tau, (T, T)."""
    return np.broadcast_to(1 / (1 + np.arange(T))[:, None], (T, T))


def real_stack(evidence: Evidence, kind: str, depth: int) -> tuple[deep_stacks.Measured, float]:
    """A real stack, and its rate: the smallest lambda c_Delta of state-space layers, beta_tail of Sessa, 0 of attention."""
    T = 20 if evidence.quick else 72
    x = deep_stacks.tokens(evidence.rng, T, 2)
    if kind == "Sessa":
        stack = [deep_stacks.sessa_block(seed, 2, 0.5) for seed in range(depth)]
        gain, c2 = deep_stacks.routing_constants(stack, x)
        return deep_stacks.measure(stack, x), 1 - gain * c2
    make = deep_stacks.attention_block if kind == "attention" else deep_stacks.ssm_block
    stack = [make(evidence.rng, 2) for _ in range(depth)]
    return deep_stacks.measure(stack, x), deep_stacks.slowest_decay(stack, x)


def meets(evidence: Evidence, claim: str, measured: deep_stacks.Measured, bound: np.ndarray, name: str) -> None:
    """Note that a stack's Jacobian is at most `bound` for all tau < t."""
    lower = np.tril_indices(len(bound), k=-1)
    ratio = float(np.max(measured.whole[lower] / bound[lower]))
    how = f"real stack, all blocks over the bound with the measured d_n and a_n: {name}, T = {len(bound)}"
    evidence.constructed(claim, ratio, 1.0, how, name)


def ball(value: Fraction | int) -> arb:
    """A ball of radius 0 or rounded, which contains the fraction."""
    value = Fraction(value)
    return arb(fmpq(value.numerator, value.denominator))


ROWS = (deep_attention, deep_state_space, deep_sessa)
