"""Selective retrieval (Theorem 12, Appendix K): kernels of its blocks in closed form, and the constants of its proof.

gamma = 1 - beta throughout. Constants come as the paper's proof gives them, made explicit with the best bounds for its
sums: the resolvent of uniform routing lies between gamma and gamma 2^beta times (j+1)^-gamma (i+1)^-beta, since
Gamma(j+1)(j+1)^gamma/Gamma(j+1+gamma) falls from 1/Gamma(1+gamma) to 1 and Gamma(i+gamma)(i+1)^beta/Gamma(i+1) from
2^beta Gamma(1+gamma) to 1 (both by Bernoulli's inequality).
"""

from typing import Any, NamedTuple

import numpy as np

from sessa_ref.notation import Array
from sessa_ref.theory.uniform_routing import uniform_influence


def exponent(k: int, beta: float) -> float:
    """nu_k(beta) = k (1 - beta) - 1."""
    return k * (1 - beta) - 1


def resolvent(T: int, beta: float) -> Array:
    """Theta = (I - B)^(-1) for B_ij = gamma/i, (T, T)."""
    i, j = np.indices((T, T))
    below = np.tril(np.ones((T, T), dtype=bool), -1)
    theta = np.eye(T)
    theta[below] = uniform_influence(j[below], i[below], 1 - beta)
    return theta


def resolvent_bounds(beta: Any) -> tuple[Any, Any]:
    """(c_Theta^-, c_Theta^+) of (82), the best ones: gamma and gamma 2^beta."""
    return 1 - beta, (1 - beta) * 2**beta


def macro_sums(T: int, beta: float) -> Array:
    """L(i, j) = sum over k from j to i of Theta_ik/(k + 1), (T, T): Lemma K.22."""
    weighted = resolvent(T, beta) / np.arange(1, T + 1)
    return np.tril(np.cumsum(weighted[:, ::-1], axis=1)[:, ::-1])


def macro_kernel(profile: Array, beta: float) -> Array:
    """The transport of a macro-layer whose source writer multiplies by `profile`, (T,): I + L(i, j) profile_j."""
    T = len(profile)
    return np.eye(T) + macro_sums(T, beta) * profile


class TailBounds(NamedTuple):
    """Bounds c^- (t+1)^p <= value_t <= c^+ (t+1)^p."""

    lower: float
    upper: float


def selector_accuracy(beta: float, last: int) -> float:
    """epsilon of the tail's selector: c_2 epsilon is half of c_1 (t+1)^-beta at the last token (Lemma K.17, Step 4)."""
    low, high = resolvent_bounds(beta)
    return (low / 4) / (2 * (2 + 5 / 4 * high / beta)) * (last + 1) ** -beta


def tail_bounds(beta: float, keep: bool = True) -> TailBounds:
    """(c_g^-, c_g^+) of Lemma K.17, exponent -beta, from K.15's a^- = gamma/2 and a^+ = (5/4) gamma 2^beta.

    `keep` is as printed: the transport adds to the seed, and does not take its place.
    """
    low, high = resolvent_bounds(beta)
    return TailBounds(min(0.25 + 0.5 * keep, low / 8), max(2.0 + 2 * keep, 2.5 * high + low / 8))


def integrator_bounds(beta: float, tail: TailBounds, damping: float = 4.0) -> TailBounds:
    """(c~_r^-, c~_r^+) of Lemma K.20's ideal recursion, exponent gamma: its sums lie between 1 and 1/gamma."""
    return TailBounds(float(np.exp(-1 / damping)) * tail.lower, tail.upper / (1 - beta))


def integrator_off_mass(beta: float, tail: TailBounds, last: int, damping: float = 4.0) -> float:
    """mu_H of Lemma K.20: so small that the solve is within c~_r^-/2 of the ideal recursion.

    |r - r~| <= damping (L+1) (2 c_g^+ mu + 2 mu max |r~|), and max |r~| <= c~_r^+ (L+1)^gamma.
    """
    ideal = integrator_bounds(beta, tail, damping)
    worst = 2 * damping * (last + 1) * (tail.upper + ideal.upper * (last + 1) ** (1 - beta))
    return min(0.5, ideal.lower / 2 / worst)


def profile_bounds(beta: float, damping: float = 4.0, keep: bool = True) -> TailBounds:
    """(c_r^-, c_r^+) of Lemma K.20 and Corollary K.21, exponent gamma."""
    ideal = integrator_bounds(beta, tail_bounds(beta, keep), damping)
    return TailBounds(ideal.lower / 2, ideal.upper + ideal.lower / 2)


class MacroBounds(NamedTuple):
    """1 <= D <= d_plus, and a_minus (i+1)^-beta <= K(i, j) <= a_plus (i+1)^-beta: Lemma K.22."""

    d_plus: float
    a_minus: float
    a_plus: float


def macro_bounds(beta: float, profile: TailBounds, off_mass: float) -> MacroBounds:
    """Lemma K.22's constants from those of the profile; C_L^+ = 1/gamma + 1 bounds the sum over k of (k+1)^(-1-gamma).

    The lower constant is the proof's smallest of three, with its sum over a dyadic block at its smallest.
    """
    gamma = 1 - beta
    low, high = resolvent_bounds(beta)
    m_minus, m_plus = (1 - off_mass) * profile.lower, profile.upper
    block = min(_block_sum(j, gamma) for j in range(1, 64))  # 1/2, at j = 1
    block = min(block, (1 - 2**-gamma) / gamma)
    a_minus = m_minus * min(low, low * block, 2**-gamma)
    return MacroBounds(1 + m_plus, a_minus, m_plus * (1 + high * (1 + 1 / gamma)))


def _block_sum(j: int, gamma: float) -> float:
    return float(sum((k + 1) ** (-1 - gamma) for k in range(j, 2 * j)) * (j + 1) ** gamma)


def balanced_sum(k: int, beta: float, source: int, lag: int) -> float:
    """The sum of Lemma K.25 over balanced paths of k jumps from `source` to `source + lag`."""
    shortest, longest = -(-lag // (2 * k)), 2 * lag // k
    step = np.zeros(lag + 1)
    step[shortest : longest + 1] = 1
    weights = (source + np.arange(lag + 1) + 1.0) ** -beta
    sums = np.zeros(lag + 1)
    sums[0] = 1
    for _ in range(k):
        sums = np.convolve(sums, step)[: lag + 1] * weights
    return float(sums[lag])


def balanced_constant(k: int, beta: float, latest: int, lags: Any) -> float:
    """The smallest balanced sum over (1 + lag)^nu at the latest source, over these lags: c^bal of Lemma K.25 on them.

    Later sources have the smaller sums, weight by weight.
    """
    nu = exponent(k, beta)
    return min(balanced_sum(k, beta, latest, int(lag)) / (1 + lag) ** nu for lag in lags if lag >= k)
