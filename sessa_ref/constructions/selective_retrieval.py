"""Flexible selective retrieval (Theorem 12): a network whose memory of one chosen token decays, stays or grows as asked."""

import numpy as np

from sessa_ref.constructions.channels import Channels
from sessa_ref.constructions.claim import Built, Claim, Measured, at_least, at_most
from sessa_ref.constructions.macro_layer import OFF_MASS, macro_layer
from sessa_ref.constructions.multiplier import selector
from sessa_ref.constructions.network import Network
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.positions import positions
from sessa_ref.constructions.profile import DAMPING, profile
from sessa_ref.constructions.transport import kernel
from sessa_ref.notation import Array
from sessa_ref.theory import selective_retrieval as theory

NAMES = ("sig", "pos", "prof", "tail", "aux", "src", "tgt")
"""The seven channels of Remark K.27; tgt is never read, and only ever written by 0."""

GAIN, ROOM = 0.99, 2.0
"""Of the position writer, as in `OrderedCodes.written`."""

SUPPRESSION = 0.01
"""c_0 in the selector's accuracy c_0/(H + 1)."""


def selective_retrieval(
    k: int,
    beta: float,
    horizon: int,
    *,
    target: int = 0,
    latest: int | None = None,
    radius: float = 1.0,
    channels: Channels | None = None,
    suppression: float = SUPPRESSION,
    damping: float = DAMPING,
    keep: bool = True,
) -> Built:
    """The network of Theorem 12, with 11 + 2k blocks.

    Args:
        k: macro-layers.
        beta: in (0, 1); the margin grows like (1 + lag)^(k (1 - beta) - 1).
        horizon: H, the largest lag.
        target: tau*, the token that is remembered.
        latest: tau_max >= tau*; `target` by default. The network is for T = tau_max + H + 1 tokens.
        radius: R, a bound on the tokens' norms.
        channels: the seven channels of `NAMES`; by default the axes of R^7.
        suppression: c_0; the proof takes it so small that the competitors have at most half of the score.
        damping: of the integrator; 4 as printed. A larger one makes the profile a truer power.
        keep: whether the tail's transport adds to the seed, as printed; see `profile`.

    Raises:
        ValueError: an argument is out of its range.
    """
    latest = target if latest is None else latest
    check_arguments(k, beta, horizon, target, latest, radius)
    channels = channels or Channels(len(NAMES), NAMES)
    T = latest + horizon + 1
    ball = max(radius, 0.25)
    writer, codes = (
        positions(T, gamma=GAIN, radius=ball, margin=ROOM, channels=channels),
        OrderedCodes.written(T, ball, GAIN, ROOM),
    )
    chosen = selector(channels, codes, target, suppression / (horizon + 1))
    bounds = theory.profile_bounds(beta, damping, keep)
    network = writer.network.then(profile(channels, codes, beta, damping, keep).network).then(chosen.network)
    for _ in range(k):
        network = network.then(macro_layer(channels, codes, beta, bounds).network)
    return noted(network, channels, k, beta, horizon, target, latest, radius, bounds)


def noted(
    network: Network,
    channels: Channels,
    k: int,
    beta: float,
    horizon: int,
    target: int,
    latest: int,
    radius: float,
    bounds: theory.TailBounds,
) -> Built:
    """The network with its parameters and promised constants as notes, and with its claim."""
    network.notes.update(
        T=latest + horizon + 1,
        k=k,
        beta=beta,
        horizon=horizon,
        target=target,
        latest=latest,
        radius=radius,
        exponent=theory.exponent(k, beta),
        promised=promised(k, beta, horizon, latest, bounds),
    )
    return Built(network, claim_of(network, channels))


def margins(scores: Array, target: int) -> Array:
    """M(lag) for lag = 1, 2, ...: S_{t, target} minus the sum of |S_{t, tau}| over the other tau < t (Definition 5)."""
    T = len(scores)
    others = np.tril(np.abs(scores), -1)
    others[:, target] = 0
    return (scores[:, target] - np.sum(others, axis=1))[target + 1 : T]


def competitors(scores: Array, target: int) -> Array:
    """The sum of |S_{t, tau}| over tau < t other than the target, for lag = 1, 2, ..."""
    others = np.tril(np.abs(scores), -1)
    others[:, target] = 0
    return np.sum(others, axis=1)[target + 1 :]


def column_margins(network: Network, channels: Channels, x: Array, target: int) -> Array:
    """The scores of the target alone, for lag = 1, 2, ...: the margins, but for the competitors; one derivative."""
    direction = np.zeros((1, *x.shape))
    direction[0, target] = channels["sig"]
    return channels.read("sig", network.derivative(x, direction)[0])[target + 1 :]


def promised(k: int, beta: float, horizon: int, latest: int, profile_bounds: theory.TailBounds) -> dict[str, float]:
    """The constants c_-, m_-, m_+ of Theorem 12 as its proof gives them."""
    macro = theory.macro_bounds(beta, profile_bounds, OFF_MASS)
    nu = theory.exponent(k, beta)
    good = 0.5 * macro.a_minus**k * theory.balanced_constant(k, beta, latest, range(k, max(horizon, k) + 1))
    small = [  # jumps in the first layers and then none: lags below k
        0.5 * macro.a_minus**lag * np.prod((latest + np.arange(1, lag + 1) + 1.0) ** -beta) / (1 + lag) ** nu
        for lag in range(1, k)
    ]
    c_minus = float(min(good, *small)) / 2 if small else good / 2
    m_plus = 2 * k * macro.d_plus ** (k - 1) * macro.a_plus
    return {"c_minus": c_minus, "m_minus": 2**nu * c_minus, "m_plus": m_plus}


def proof_suppression(k: int, beta: float, horizon: int, latest: int, profile_bounds: theory.TailBounds) -> float:
    """The c_0 of the proof's Step 8: C_comp c_0 = c_sig/2, C_comp = (d^+ + a^+)^k (1 + tau_max)^(k gamma)."""
    macro = theory.macro_bounds(beta, profile_bounds, OFF_MASS)
    signal = 2 * promised(k, beta, horizon, latest, profile_bounds)["c_minus"]
    return signal / 2 / ((macro.d_plus + macro.a_plus) ** k * (1 + latest) ** (k * (1 - beta)))


def measure_scores(network: Network, scores: Array) -> list[Measured]:
    """The scores, (T, T), of one sequence beside what the proof promises of this network."""
    nu, target, horizon = (network.notes[name] for name in ("exponent", "target", "horizon"))
    constants = network.notes["promised"]
    margin, rest = margins(scores, target)[:horizon], competitors(scores, target)[:horizon]
    scaled = margin / (1 + np.arange(1, len(margin) + 1)) ** nu
    return [
        at_least("margin/(1+lag)^nu, the smallest", float(np.min(scaled)), constants["c_minus"]),
        at_least("margin at lag 1", float(margin[0]), constants["m_minus"]),
        at_most("margin at lag 1", float(margin[0]), constants["m_plus"]),
        at_most("competitors' share of the score", float(np.max(rest / (margin + rest))), 0.5),
    ]


def claim_of(network: Network, channels: Channels) -> Claim:
    """The claim of Theorem 12 for a network whose notes say what it is for."""

    def measure(x: Array) -> list[Measured]:
        return [one for tokens in x for one in measure_scores(network, kernel(network, channels, tokens))]

    target, nu, horizon = (network.notes[name] for name in ("target", "exponent", "horizon"))
    says = f"the margin of token {target} over all others is at least c (1+lag)^{nu:g} for every lag up to {horizon}"
    return Claim("thm:12", says, measure)


def check_arguments(k: int, beta: float, horizon: int, target: int, latest: int, radius: float) -> None:
    """Refuse arguments that are out of their range.

    Raises:
        ValueError: one is; the message names it.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if not 0 < beta < 1:
        raise ValueError(f"beta must lie in (0, 1), got {beta}")
    if horizon < 1:
        raise ValueError(f"the horizon must be at least 1, got {horizon}")
    if not 0 <= target <= latest:
        raise ValueError(f"the target time must be at least 0 and at most the latest {latest}, got {target}")
    if not (radius >= 0 and np.isfinite(radius)):
        raise ValueError(f"the radius must not be negative, got {radius}")
