"""Uniform routing with a constant gain, B_tj = gamma / t for j < t: Appendix F, (71), and the position code of Lemma 4.10.

K is (I - B)^(-1), source is tau, target is t, lag = t - tau. The forms are polynomials in gamma for whole t and tau, so
they hold for every gain in (-1, 1), negative ones too. All functions take floats and arrays, SymPy expressions, and
flint's balls, whose results contain the true value; `derivations` proves them for symbols.
"""

from fractions import Fraction
from math import factorial
from typing import Any

import numpy as np
import sympy
from sympy.functions.combinatorial.numbers import stirling

from sessa_ref.theory.special_functions import digamma, rising


def uniform_influence(source: Any, target: Any, gamma: Any) -> Any:
    """K_{t, tau} for tau < t (71): gamma Gamma(tau + 1) / Gamma(tau + 1 + gamma) * Gamma(t + gamma) / Gamma(t + 1).

    It is a product of a function of tau and a function of t. For tau = 0 it is Proposition 29's.

    Raises:
        ValueError: not 0 <= source < target, where these are numbers.
    """
    _check_tokens(source, target)
    return gamma * rising(target + 1, gamma - 1) / rising(source + 1, gamma)


def uniform_tail_constant(source: Any, gamma: Any) -> Any:
    """The limit of K_{tau + lag, tau} lag^(1 - gamma): gamma Gamma(tau + 1) / Gamma(tau + 1 + gamma).

    Raises:
        ValueError: source is a negative number.
    """
    _check_tokens(source)
    return gamma / rising(source + 1, gamma)


def gamma_ratio(t: Any, gamma: Any) -> Any:
    """b_t = Gamma(t + gamma) / Gamma(t + 1), what K_{t, tau} depends on t by."""
    return rising(t + 1, gamma - 1)


def gamma_ratio_bounds(t: Any, gamma: Any) -> tuple[Any, Any]:
    """Lemma F.1 (67): (t + 1)^(gamma - 1) <= b_t <= t^(gamma - 1), for gamma in (0, 1) and t > 0."""
    return (t + 1) ** (gamma - 1), t ** (gamma - 1)


def sharper_gamma_ratio_bounds(t: Any, gamma: Any) -> tuple[Any, Any]:
    """The same with t + gamma in place of t + 1, Wendel's inequality: (t + gamma)^(gamma - 1) <= b_t <= t^(gamma - 1)."""
    return (t + gamma) ** (gamma - 1), t ** (gamma - 1)


def bounded_source_constants(largest_source: Any, gamma: Any) -> tuple[Any, Any]:
    """c- and c+ of Corollary F.3: c- lag^(gamma - 1) <= K_{tau + lag, tau} <= c+ lag^(gamma - 1) for tau <= largest_source.

    They are the smallest and the largest prefactor, which belong to the last source and to source 0, and
    c- has the factor (largest_source + 2)^(gamma - 1).
    """
    smallest, largest = uniform_tail_constant(largest_source, gamma), uniform_tail_constant(0, gamma)
    return smallest * (largest_source + 2) ** (gamma - 1), largest


def best_bounded_source_constants(largest_source: Any, gamma: Any) -> tuple[Any, Any]:
    """The best c- and c+ of Corollary F.3: gamma / (largest_source + 1), attained, and gamma / Gamma(1 + gamma), a limit."""
    return gamma / (largest_source + 1), uniform_tail_constant(0, gamma)


def uniform_by_hops(hops: int, target: int, gamma: Any) -> Any:
    """(B^k)_{t, 0} for t >= 1: c(t, k) gamma^k / t!, where c are the unsigned Stirling numbers of the first kind.

    K_{t, 0} is gamma (gamma + 1) ... (gamma + t - 1) / t!, and these numbers are the coefficients of that product.
    """
    return Fraction(int(stirling(target, hops, kind=1, signed=False)), factorial(target)) * gamma**hops


def uniform_mean_hops(source: Any, target: Any, gamma: Any) -> Any:
    """The mean number of hops from tau to t: 1 + the sum of gamma / (gamma + i) over tau < i < t.

    It grows like gamma log(t / tau): a lag of any length is covered in few hops.
    """
    return 1 + gamma * (digamma(target + gamma) - digamma(source + 1 + gamma))


def position_code(t: Any, gamma: Any) -> Any:
    """c_t of Lemma 4.10 and Corollary I.8: the solution s_t for f = 1.

    It is 1 / (1 - gamma) - gamma / (1 - gamma) * K_{t, 0} for t >= 1, and c_0 = 1. The constant 1 / (1 - gamma) solves
    every row but the first, and the rest decays like the influence of token 0.
    """
    return 1 if t == 0 else (1 - gamma * uniform_influence(0, t, gamma)) / (1 - gamma)


def position_code_step(t: Any, gamma: Any) -> Any:
    """c_{t + 1} - c_t = gamma^2 Gamma(t + gamma) / (Gamma(1 + gamma) Gamma(t + 2)): the gap of Lemma 4.10's codes, for t >= 0.

    It is gamma K_{t + 1, 0} / (t + gamma), and falls like t^(gamma - 2).
    """
    return gamma * uniform_influence(0, t + 1, gamma) / (t + gamma)


def position_code_limit(gamma: Any) -> Any:
    """What c_t rises to for gains in (0, 1): 1 / (1 - gamma)."""
    return 1 / (1 - gamma)


def _check_tokens(source: Any, target: Any = None) -> None:
    if isinstance(source, sympy.Basic) or isinstance(target, sympy.Basic):
        return
    if np.any(np.less(source, 0)):
        raise ValueError(f"source must not be negative, got {source}")
    if target is not None and not np.all(np.less(source, target)):
        raise ValueError(f"target must be after source, got source {source} and target {target}")
