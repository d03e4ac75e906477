"""Diffuse routing: exponents and constants of its tails (Section 4.2, Theorems 8 and 28), and one exponent of ours.

Routing is diffuse with constant c2 where alpha_tj <= c2 / t for all j < t (Assumption 6); gains are bounded by
gamma_max (Assumption 7). The exponents hold for every impulse response of such routing, whatever its source.
"""

import math
from typing import Any

import numpy as np
import sympy
from jaxtyping import Float64
from scipy import special

from sessa_ref.notation import Array
from sessa_ref.theory.special_functions import exp, rising


def diffuseness(alpha: Any) -> float:
    """The smallest c2 with alpha_tj <= c2 / t for all j < t: the largest t alpha_tj (32).

    Softmax rows have c2 >= 1, and 1 for uniform routing alone. Only the strictly lower part of alpha, shape (T, T), is
    read; with fewer than two tokens there is no weight, and the answer is 0.
    """
    weights: Float64[Array, "T T"] = np.tril(np.asarray(alpha, dtype=np.float64), k=-1)
    return float(np.max(np.arange(len(weights))[:, None] * weights, initial=0.0))


def diffuse_bounds(
    spread: Float64[Array, "*shape"], visible: Float64[Array, "*shape"]
) -> tuple[Float64[Array, "*shape"], Float64[Array, "*shape"]]:
    """Lemma C.1: exp(-spread) / n and exp(spread) / n enclose every softmax weight over n logits of that spread."""
    return np.exp(-spread) / visible, np.exp(spread) / visible


def sharp_diffuse_bounds(spread: Any, visible: Any) -> tuple[Any, Any]:
    """The best bounds in place of Lemma C.1's: 1 / (1 + (n - 1) e^spread) and e^spread / (e^spread + n - 1), both attained.

    One logit lies at one end of the spread, and all others at the other end.
    """
    largest = exp(spread)
    return 1 / (1 + (visible - 1) * largest), largest / (largest + visible - 1)


def tail_exponent(gamma_max: float, c2: float) -> float:
    """beta_tail = 1 - gamma_max c2 of Theorem 8: |K_{tau + lag, tau}| <= C lag^(-beta_tail).

    Raises:
        ValueError: gamma_max is not in [0, 1), c2 is not positive, or gamma_max c2 is not below 1, where Theorem 8
            says nothing.
    """
    _check(gamma_max, c2, least=0)
    if gamma_max * c2 >= 1:
        raise ValueError(f"gamma_max c2 < 1 is needed, got {gamma_max} * {c2} = {gamma_max * c2}")
    return 1 - gamma_max * c2


def tail_constant(eta: Any) -> Any:
    """C = eta e^eta of Theorems 8 and 28 (62), eta = gamma_max c2: |K_{tau + lag, tau}| <= C lag^(eta - 1).

    For floats, SymPy expressions, and flint's balls.

    Raises:
        ValueError: eta is a number outside (0, 1).
    """
    if not isinstance(eta, sympy.Basic) and not (eta > 0 and eta < 1):
        raise ValueError(f"eta must lie in (0, 1), got {eta}")
    return eta * exp(eta)


def best_tail_constant(eta: Any) -> Any:
    """1 / Gamma(eta), the best constant in (62) that depends on eta alone, for eta in (0, 1); ours.

    It is below eta e^eta, and uniform routing with gain eta approaches it at large lags. For floats, SymPy expressions,
    and flint's balls.
    """
    return eta / rising(1, eta)


def row_sum_tail_constants(beta: float) -> tuple[float, float, float]:
    """1 / |zeta(beta)|, (1 - beta) 2^(1 - beta) and 2, each at least the one before, for beta in (0, 1).

    With beta of `row_sum_tail_exponent`, |K_{tau + lag, tau}| <= C lag^(-beta) with any of them.
    """
    return 1 / abs(float(special.zeta(beta))), (1 - beta) * 2 ** (1 - beta), 2.0


def row_sum_tail_exponent(gamma_max: float, c2: float) -> float:
    """The solution beta of 1 - beta = gamma_max c2^beta, in (0, 1]: the same for rows that sum to at most 1.

    For every smaller exponent there is a constant C with |K_{tau + lag, tau}| <= C lag^(-exponent), also where
    gamma_max c2 >= 1; `influence.earliest_routing` attains it. It is not in the paper. For c2 = 1 it is beta_tail, for
    larger c2 it is larger.

    Raises:
        ValueError: gamma_max is not in [0, 1), or c2 is below 1.
    """
    _check(gamma_max, c2, least=1)
    spread = math.log(c2)
    if spread == 0:
        return 1 - gamma_max
    # With w = (1 - beta) log c2 the equation reads w e^w = gamma_max c2 log c2.
    return 1 - float(special.lambertw(gamma_max * c2 * spread).real) / spread


def _check(gamma_max: float, c2: float, least: int) -> None:
    if not 0 <= gamma_max < 1:
        raise ValueError(f"gamma_max must lie in [0, 1), got {gamma_max}")
    if not (c2 > 0 and c2 >= least and math.isfinite(c2)):
        raise ValueError(f"c2 must be {'at least 1' if least else 'positive'} and finite, got {c2}")
