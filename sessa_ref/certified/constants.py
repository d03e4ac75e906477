"""Enclosures of the constants of the paper's bounds, at flint's working precision (`flint.ctx.workprec`)."""

from fractions import Fraction

from flint import arb, fmpq

Gain = float | Fraction | int
"""A gain, taken as the exact number that it is."""


def uniform_influence(gamma: Gain, source: int, lag: int) -> arb:
    """K_{tau + lag, tau} under uniform routing, (71), for lag >= 1.

    Raises:
        ValueError: lag is below 1 or source negative.
    """
    if source < 0 or lag < 1:
        raise ValueError(f"source >= 0 and lag >= 1 are needed, got source {source} and lag {lag}")
    gain = _ball(gamma)
    # Gamma(t + gamma) / Gamma(tau + 1 + gamma) is a product of lag - 1 factors.
    rising = (gain + source + 1).rising(lag - 1)
    return gain * rising * arb(source + 1).gamma() / arb(source + lag + 1).gamma()


def uniform_tail_constant(gamma: Gain, source: int) -> arb:
    """The limit of K_{tau + lag, tau} lag^(1 - gamma): gamma Gamma(tau + 1) / Gamma(tau + 1 + gamma).

    Raises:
        ValueError: source is negative.
    """
    if source < 0:
        raise ValueError(f"source must not be negative, got {source}")
    gain = _ball(gamma)
    return gain * arb(source + 1).gamma() * (gain + source + 1).rgamma()


def polynomial_decay_constant(eta: Gain) -> arb:
    """C = eta e^eta of Theorem 28, (62): |y_t| <= C t^(eta - 1).

    Raises:
        ValueError: eta is not in (0, 1).
    """
    if not 0 < eta < 1:
        raise ValueError(f"eta must lie in (0, 1), got {eta}")
    return _ball(eta) * _ball(eta).exp()


def _ball(number: Gain) -> arb:
    return arb(fmpq(*Fraction(number).as_integer_ratio()))
