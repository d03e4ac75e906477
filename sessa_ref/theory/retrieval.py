"""Selective retrieval (Section 4.2.8): profiles, margins, and the transport that decides them; the closed forms are ours.

A network retrieves the source tau* at target t by its score S_{t, tau*}, and its margin is what remains of it after the
scores of all other sources before t are taken away in absolute value (Definition 5).
"""

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array
from sessa_ref.theory.uniform_routing import uniform_influence


def profile_exponent(k: Any, beta: Any) -> Any:
    """nu_k(beta) = k (1 - beta) - 1 of Theorem 12."""
    return k * (1 - beta) - 1


def margins(scores: Float64[Array, "T T"], source: int) -> Float64[Array, " later"]:
    """M_{t, tau*} for all t > tau* (Definition 5 (v)); scores[t, tau] is S_{t, tau}."""
    T = len(scores)
    before = np.tril(np.abs(scores), k=-1).sum(axis=1)
    own = scores[:, source]
    return np.array([own[t] - (before[t] - abs(own[t])) for t in range(source + 1, T)])


def uniform_transport(source: int, target: int, gamma: Any) -> Any:
    """L(t, tau): what f_k = 1[k >= tau] / (k + 1) becomes at t under uniform feedback with a constant gain.

    It is the sum over tau <= k <= t of K_{t, k} / (k + 1), K_{t, t} = 1: a uniform forward read of token tau, then the solve.
    With gain 0 it is attention's 1 / (t + 1).
    """
    jumps = (uniform_influence(k, target, gamma) / (k + 1) for k in range(source, target))
    return sum(jumps, (0 * gamma + 1) / (target + 1))


def selector(source: int, steps: int) -> list[tuple[Fraction, Fraction]]:
    """Factors (A, B): the product of A p + B at p = 1/(t + 1) is 1 at t = tau*, 0 before it, and small after it.

    It is ((tau* + 1) p)^steps times (p - p_i) / (p_* - p_i) for every i < tau*. All numbers depend on tau* and steps alone,
    not on the horizon.
    """
    own = Fraction(1, source + 1)
    powers = [(Fraction(source + 1), Fraction(0))] * steps
    zeros = [(1 / (own - Fraction(1, i + 1)), -Fraction(1, i + 1) / (own - Fraction(1, i + 1))) for i in range(source)]
    return powers + zeros


def selector_weight(factors: Sequence[tuple[Fraction, Fraction]], token: int) -> Fraction:
    """The product of A p + B at p = 1 / (token + 1)."""
    p = Fraction(1, token + 1)
    return prod((A * p + B for A, B in factors), start=Fraction(1))


def selector_leak(source: int, steps: int) -> Fraction:
    """At least the sum of |weight| over all tokens after tau*, at every horizon; needs steps >= 2.

    For tokens t > tau* the zeros' factors are at most (tau* + 1)^tau* / tau*! together, and the powers sum to less than
    the sum over 1 <= r < 64 of (1 + r/(tau*+1))^(-steps), plus the integral from 63 on.
    """
    growth = prod((Fraction(source + 1, source - i) for i in range(source)), start=Fraction(1))
    scale = Fraction(source + 1)
    near = sum(((1 + r / scale) ** -steps for r in range(1, 64)), Fraction(0))
    far = scale / (steps - 1) * (1 + 63 / scale) ** (1 - steps)
    return growth * (near + far)
