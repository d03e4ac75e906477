"""Steps of proofs that several rows on Jacobian tails share."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import sympy

from proofs_checks.evidence import Evidence
from sessa_ref.theory.derivations import uniform_recurrence_defect
from sessa_ref.theory.jacobian_tails import source_factor, target_factor


def rational(value: float) -> Fraction:
    """The fraction that a decimal number stands for."""
    return Fraction(value).limit_denominator(10**6)


def share(name: str) -> sympy.Expr:
    """A number strictly between 0 and 1 as p / (p + q), so that SymPy sees the signs of it and of 1 minus it."""
    p, q = sympy.symbols(f"{name}_1 {name}_2", positive=True)
    return p / (p + q)


def states_derivative_defect(T: int = 4) -> list[sympy.Expr]:
    """(38): ds/dx - K (df/dx + (dB/dx) s), all entries, for B and f that are arbitrary functions of x."""
    x = sympy.Symbol("x")
    B = sympy.Matrix(T, T, lambda t, j: sympy.Function(f"B{t}{j}")(x) if j < t else 0)
    f = sympy.Matrix(T, 1, lambda t, _: sympy.Function(f"f{t}")(x))
    K = sum((B**hops for hops in range(T)), sympy.zeros(T, T))
    s = K * f
    return [sympy.expand(entry) for entry in s.diff(x) - K * (f.diff(x) + B.diff(x) * s)]


def note_tail_without_logarithm(evidence: Evidence, claim: str) -> None:
    """The proof that |ds_t / dx_tau| <= (eta A_0 + A_1) a_tau b_t <= (eta A_0 + A_1) lag^(-beta) / Gamma(1 + eta)."""
    evidence.identity(
        claim,
        states_derivative_defect(),
        "(38): the product rule in (I - B) s = f, written out for T = 4 with any functions B and f of x",
    )
    _note_derivative(evidence, claim)
    _note_forcing(evidence, claim)
    evidence.identity(
        claim,
        uniform_recurrence_defect(),
        "|K_tk| <= (eta / t) sum_{k <= j < t} |K_jk|, so by induction |K_tk| <= the kernel eta a_k b_t of uniform "
        "routing with gain eta, which solves this with equality; all t, k",
    )
    k, t, tau, lag, eta = *sympy.symbols("k t tau lag", positive=True), share("eta")
    plain = sympy.Symbol("eta", positive=True)
    a_k, a_before = source_factor(k, plain), source_factor(k - 1, plain)
    evidence.identity(
        claim,
        [_simple(plain * a_k / k - (a_before - a_k)), _simple(_diagonal(t, plain) * (t + plain) - 1)],
        "eta a_k / k = a_(k-1) - a_k, whose sum over tau < k < t is a_tau - a_(t-1); a_t b_t = 1 / (t + eta)",
    )
    # Row k contributes A_1 / (k + 1) <= A_1 / k for tau < k < t, and A_1 / (t + 1) <= A_1 a_t b_t for k = t.
    slacks = [1 / k - 1 / (k + 1), 1 / (t + eta) - 1 / (t + 1), 1 - t / (t + eta)]
    # a_tau b_(tau + lag) falls in tau: the ratio of neighbours is the first factor over the second.
    slacks.append((tau + 1 + eta) * (tau + lag + 1) - (tau + 1) * (tau + lag + eta))
    evidence.nonnegative(
        claim,
        slacks,
        "1/(k+1) <= 1/k, 1/(t+1) <= a_t b_t, a_t <= a_(t-1); a_tau b_(tau+lag) falls in tau, so that it is at most "
        "a_0 b_lag, and b_lag <= lag^(-beta) is Lemma F.1",
    )


def _note_derivative(evidence: Evidence, claim: str) -> None:
    """(38) for every T: the derivative of (I - B) K = I is dK = K dB K."""
    K, dB, f, df = sympy.symbols("K dB f df", commutative=False)
    evidence.identity(
        claim,
        sympy.expand(K * dB * K * f + K * df - K * (df + dB * K * f)),
        "(38) for every T, by dK = K dB K and s = K f",
    )


def _note_forcing(evidence: Evidence, claim: str) -> None:
    """The two cases of the proof of Theorem 23: |df_k + (dB s)_k| is at most A_1 / (k + 1) for k > tau and A_0 at tau."""
    k, S, gain, L_gamma, L_alpha, L_route = sympy.symbols("k S gamma_max L_gamma L_alpha0 L_route", positive=True)
    x = sympy.Symbol("x")
    gamma, alpha = sympy.Function("gamma")(x), sympy.Function("alpha")(x)
    evidence.identity(
        claim,
        (gamma * alpha).diff(x) - gamma.diff(x) * alpha - gamma * alpha.diff(x),
        "d(gamma alpha); Assumption 17: no d gamma at k > tau",
    )
    one, two, three = share("u"), share("v"), share("w")
    evidence.nonnegative(
        claim,
        [
            2 * gain * S * L_route / (k + 1) - (gain * one) * (2 * L_route / (k + 1) * two) * (S * three),
            L_gamma * S - (L_gamma * one) * (S * two),  # the weights of a row sum to 1
            gain * S * L_alpha - (gain * one) * (L_alpha * two) * (S * three),
        ],
        "terms of A_1 / (k + 1) and of A_0 beside L_f / (k + 1) and L_f0, with what is at most a bound written as a share of it",
    )


def note_sharpness(evidence: Evidence, claim: str) -> None:
    """Uniform routing with f_tau = A_0 x_tau, f_k = A_1 x_tau / (k + 1) attains eta A_0, and A_1 in the limit."""
    tau, eta = sympy.symbols("tau eta", positive=True)
    neighbour = sympy.gammasimp(source_factor(tau, eta) * target_factor(tau + 1, eta))
    attained = 1 / (tau + 2)  # the part of A_1 at t = tau + 1: the row t itself
    evidence.identity(
        claim,
        [sympy.simplify(neighbour - 1 / (tau + 1)), sympy.limit(attained / neighbour, tau, sympy.oo) - 1],
        "a_tau b_(tau+1) = 1 / (tau + 1), against 1 / (tau + 2) in the worst case; the kernel is eta a_tau b_t",
    )


def note_best_constant(evidence: Evidence, claim: str) -> None:
    """The part of A_1 in the worst case is b_t V_t, where V_t = sum_{tau < k < t} eta a_k / (k + 1) + 1 / ((t + 1) b_t)."""
    t, k, plain = sympy.symbols("t k eta", positive=True)
    last = [1 / ((time + 1) * target_factor(time, plain)) for time in (t, t + 1)]
    rise = plain * source_factor(t, plain) / (t + 1) + last[1] - last[0]
    evidence.identity(
        claim,
        _simple((rise / source_factor(t, plain)) - 1 / ((t + 1) * (t + 2))),
        "V_(t+1) - V_t = a_t / ((t + 1)(t + 2)) > 0: V rises with t, to the sum over k > tau, which falls with tau",
    )
    note_lag_power(evidence, claim)
    over = [sympy.rf(plain, k + 1), sympy.rf(plain + 1, k + 1), sympy.rf(plain, k + 2)]
    defects = [
        sympy.gamma(plain) * source_factor(k, plain) - sympy.gamma(k + 1) / over[0],
        1 / over[0] - 1 / over[1] - (k + 1) / over[2],
        sympy.gamma(k + 1) / over[0] - sympy.gamma(k + 2) / over[2] - plain * sympy.gamma(k + 1) / over[2],
    ]
    evidence.identity(
        claim,
        [_simple(defect.rewrite(sympy.gamma)) for defect in defects],
        "F(eta) = sum_k Gamma(eta) a_k / (k + 1) has F(eta) - F(eta + 1) = sum_k k! / (eta)_(k+2) = 1 / eta^2 by "
        "telescoping, and F(eta + n) tends to 0: F = psi'; less k = 0 and times eta, eta^2 psi' - eta over Gamma(1+eta)",
    )


def note_lag_power(evidence: Evidence, claim: str) -> None:
    """K lag^(1 - gamma) rises with the lag, to gamma a_tau, which falls with tau; K is the kernel of uniform routing."""
    tau, j = sympy.symbols("tau j", nonnegative=True)
    gamma, lag = share("gamma"), 1 + j
    # ((lag + 1) / lag)^(1 - gamma) >= (lag + 1) / (lag + gamma), Bernoulli's inequality.
    rising = (tau + lag + gamma) * (lag + 1) - (tau + lag + 1) * (lag + gamma)
    falling = 1 - (tau + 1) / (tau + 1 + gamma)
    evidence.nonnegative(
        claim,
        [rising, falling],
        "K lag^(1-gamma) rises in the lag to gamma a_tau (Bernoulli), and a_tau falls from 1 / Gamma(1 + gamma)",
    )


def _diagonal(t: sympy.Expr, eta: sympy.Expr) -> Any:
    return source_factor(t, eta) * target_factor(t, eta)


def _simple(expression: Any) -> Any:
    return sympy.gammasimp(expression)


def note_convolution_proof(evidence: Evidence, claim: str) -> None:
    """The sum is at most 2 lag^(-beta) (1 + log(1 + lag)), for all beta in [0, 1], lags and sources."""
    lag, m, tau = sympy.symbols("lag m tau", positive=True)
    evidence.identity(
        claim,
        (lag + 1) / ((lag - m) * (m + 1)) - 1 / (lag - m) - 1 / (m + 1),
        "partial fractions: sum over m < lag of lag / ((lag - m)(m + 1)) = 2 H_lag lag / (lag + 1)",
    )
    # (lag / (lag - m))^beta <= lag / (lag - m), because beta <= 1 and the base is at least 1.
    beta = share("beta")
    evidence.nonnegative(
        claim,
        [1 / (m + 1) - 1 / (tau + m + 1), 1 - lag / (lag + 1), 1 + 1 / (1 - beta) - 2],
        "source 0 is the worst; lag / (lag + 1) <= 1 and H_lag <= 1 + log(lag); 2^beta (1 + 1 / (1 - beta)) >= 2",
    )
    x = sympy.Symbol("x", positive=True)
    evidence.nonnegative(
        claim,
        sympy.diff(sympy.log(1 + x) - x / (1 + x), x),
        "H_n <= 1 + log n: equal at n = 1, and log(1 + x) >= x / (1 + x) at x = 1 / n gives each step",
    )


def note_convolution_sums(
    evidence: Evidence, claim: str, constant: Callable, boxes: int, lags: int, last: float = 1.0
) -> None:
    """Sums for all lags up to `lags`, with beta in boxes that cover [0, last].

    lag^beta times the sum rises with beta, so that each box takes it at its upper end, and `constant`, which rises too,
    at its lower end.
    """
    pairs, edges = [], [flint.arb(flint.fmpq(i, boxes)) for i in range(boxes + 1) if i / boxes <= last + 1e-12]
    powers = [[(flint.arb(n).log() * beta).exp() if n else 0 for n in range(lags + 1)] for beta in edges]
    for lower, upper, power in zip(edges, edges[1:], powers[1:], strict=False):
        for lag in sorted({1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, lags}):
            total = sum((power[lag] / (power[lag - m] * (m + 1)) for m in range(lag)), flint.arb(0))
            claimed = constant(lower) * (1 + flint.arb(1 + lag).log())
            pairs.append((total, claimed, f"lag {lag}, beta in [{float(lower):.3g}, {float(upper):.3g}]"))
    evidence.enclosed(claim, pairs, f"balls; beta in boxes over [0, {last:.3g}], both sides rise with it")


def uniform_kernel(target: int, source: int, eta: Fraction) -> Fraction:
    """K_{t, tau} of uniform routing with gain eta, exactly."""
    value = eta / target
    for i in range(source + 1, target):
        value *= 1 + eta / i
    return value


def exact_worst_tail(target: int, source: int, eta: Fraction, A_0: int, A_1: int) -> Fraction:
    """`theory.jacobian_tails.worst_tail`, exactly: f_tau = A_0 x_tau, f_k = A_1 x_tau / (k + 1), uniform routing."""
    later = sum((uniform_kernel(target, k, eta) / (k + 1) for k in range(source + 1, target)), Fraction(1, target + 1))
    return A_0 * uniform_kernel(target, source, eta) + A_1 * later
