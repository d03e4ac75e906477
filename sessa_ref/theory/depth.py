"""Stacks of layers: the residual calculus and the deep bounds of Section 4.2.7 and Appendix H, with explicit constants.

Block n has |dF_t / du_tau| <= d_n at t = tau and <= a_n kernel(t, tau) for tau < t. Of N blocks, a path jumps in k and stays
in the others; `path_weights` collects the constants of all such choices. The paper's constants depend on them, although
it names only N and beta. Functions take floats, exact numbers, and flint's balls, unless said otherwise.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from math import comb, factorial
from typing import Any

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array
from sessa_ref.theory.convolution import best_convolution_power_constants
from sessa_ref.theory.special_functions import digamma, exp, log, rising


def path_weights(diagonal: Sequence[Any], off_diagonal: Sequence[Any]) -> list[Any]:
    """E_0, ..., E_N: E_k sums over k of the N blocks their a_n, times the other blocks' d_n.

    They are the coefficients of the product of d_n + a_n z.
    """
    weights: list[Any] = [1]
    for d, a in zip(diagonal, off_diagonal, strict=True):
        stays, jumps = [*(d * w for w in weights), 0], [0, *(a * w for w in weights)]
        weights = [one + other for one, other in zip(stays, jumps, strict=True)]
    return weights


def path_sum(diagonal: Sequence[float], kernels: Sequence[Float64[Array, "T T"]]) -> Float64[Array, "T T"]:
    """The right-hand side of Theorems 11 and 31, (34) and (75), for all t and tau: the product of d_n I + G_n.

    Args:
        diagonal: d_n of each block, the first block first.
        kernels: lambda_n K_n of each block; only the strictly lower part is read.
    """
    blocks = [d * np.eye(len(K)) + np.tril(K, k=-1) for d, K in zip(diagonal, kernels, strict=True)]
    return reduce(lambda earlier, block: block @ earlier, blocks)


def nested_harmonic(k: int, source: int, target: int) -> Fraction:
    """(H^k)(t, tau) of Lemma H.1, exactly: the elementary symmetric sum of 1/(i + 1), tau < i < t, of degree k - 1, over t + 1."""
    sums = [Fraction(1)] + [Fraction(0)] * (k - 1)
    for i in range(source + 1, target):
        for degree in range(k - 1, 0, -1):
            sums[degree] += sums[degree - 1] / (i + 1)
    return sums[k - 1] / (target + 1)


def harmonic(t: int) -> Fraction:
    """H_t = 1 + 1/2 + ... + 1/t; H_0 = 0."""
    return sum((Fraction(1, m) for m in range(1, t + 1)), Fraction(0))


def nested_harmonic_bound(k: int, target: int) -> Fraction:
    """Lemma H.1 (77): H_t^(k - 1) / ((k - 1)! (t + 1))."""
    return harmonic(target) ** (k - 1) / factorial(k - 1) / (target + 1)


def sharper_nested_harmonic_bound(k: int, source: int, target: int) -> Fraction:
    """(H_t - H_(tau + 1))^(k - 1) / ((k - 1)! (t + 1)), ours: exact for k = 1 and k = 2."""
    between = harmonic(target) - harmonic(source + 1)
    return between ** (k - 1) / factorial(k - 1) / (target + 1)


def deep_attention_bound(weights: Sequence[Any], lag: Any) -> Any:
    """Proposition 32 and Corollary 4.7 (i), for every source, ours: the sum of E_k (log lag)^(k-1) / ((k-1)! (1 + lag))."""
    distance = log(lag)
    powers = (E * distance ** (k - 1) / factorial(k - 1) for k, E in enumerate(weights) if k)
    return sum(powers, 0 * distance) / (1 + lag)


def deep_attention_constant(weights: Sequence[Any]) -> Any:
    """A constant of Proposition 32 in its printed form, C (log(1 + lag))^(N - 1) / (1 + lag): the sum of E_k (log 2)^(k-N) / (k-1)!."""
    N, two = len(weights) - 1, log(2)
    return sum((E * two ** (k - N) / factorial(k - 1) for k, E in enumerate(weights) if k), 0 * two)


def deep_ssm_bound(weights: Sequence[Any], rate: Any, lag: int) -> Any:
    """Proposition 33 before its last step: the sum of E_k binomial(lag - 1, k - 1) e^(-c lag), c the smallest rate.

    It is attained where all rates are equal, and at most (1 + lag)^(N - 1) e^(-c lag) times the sum of E_k / (k - 1)!.
    """
    return sum((E * comb(lag - 1, k - 1) for k, E in enumerate(weights) if k), 0 * rate) * exp(-rate * lag)


def deep_ssm_constant(weights: Sequence[Any]) -> Any:
    """A constant of Proposition 33 in its printed form, C (1 + lag)^(N - 1) e^(-c lag): the sum of E_k / (k - 1)!."""
    return sum(E / factorial(k - 1) for k, E in enumerate(weights) if k)


def deep_sessa_bound(weights: Sequence[Any], beta: Any, lag: Any) -> Any:
    """Proposition 34 with Theorem 30's best constants: the sum of E_k C_k lag^(k(1-beta)-1) (1 + log(1 + lag))^k."""
    grown = 1 + log(1 + lag)
    return sum(
        (
            E * best_convolution_power_constants(k, beta)[1] * lag ** (k * (1 - beta) - 1) * grown**k
            for k, E in enumerate(weights)
            if k
        ),
        0 * grown,
    )


def diffuse_envelope(eta: Any, source: Any, target: Any) -> Any:
    """a_tau b_t = Gamma(tau + 1) / Gamma(tau + 1 + eta) * Gamma(t + eta) / Gamma(t + 1), for tau < t; ours.

    One diffuse Sessa block has |dy_t / dx_tau| <= (eta A_0 + A_1) |W_out| G_R a_tau b_t (Appendix B's constants), without the
    paper's logarithm. a_i b_i = 1 / (i + eta), so that envelopes of a stack multiply to themselves times a sum.
    """
    return rising(target + 1, eta - 1) / rising(source + 1, eta)


def deep_diffuse_sessa_bound(weights: Sequence[Any], eta: Any, source: Any, target: Any) -> Any:
    """A stack of diffuse Sessa blocks, ours: a_tau b_t times the sum of E_k S^(k - 1) / (k - 1)!.

    S is the sum of 1 / (i + eta) over tau < i < t, at most 1 + log(t / (tau + 1)): depth adds logarithms, and no power.
    """
    between = digamma(target + eta) - digamma(source + 1 + eta)
    powers = (E * between ** (k - 1) / factorial(k - 1) for k, E in enumerate(weights) if k)
    return diffuse_envelope(eta, source, target) * sum(powers, 0 * between)
