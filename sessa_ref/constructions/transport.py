"""The quantities of Definitions 11 to 13, measured on a network: kernels, preserved channels, transparency."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sessa_ref.constructions.channels import Channels
from sessa_ref.constructions.claim import Measured, at_most
from sessa_ref.constructions.network import Network
from sessa_ref.notation import Array

UNIT_ROUNDOFF = 2.0**-53
"""Of float64."""

STEPS = 24
"""Operations on a number on its way through a block, besides sums: projections in and out, activation, softmax, gate, residual."""


def rounding(network: Network, T: int, solved: bool = True) -> float:
    """A bound on the rounding error of a channel of T tokens, relative to the largest number in the sums behind it.

    A block sums D terms in each projection and T in each row, each within a unit roundoff. A solve amplifies its errors
    by at most 1/(1 - |gamma|) (Lemma 4.2). The blocks' errors add up. Gains are constant, as in all of these networks;
    errors of sharp logits do not matter, because every row still sums to 1 and its other weights stay below their
    promised bound.

    Args:
        network: of blocks with constant gains.
        T: number of tokens.
        solved: whether the channel holds results of solves; a channel that no block writes has only the other errors.
    """
    gains = np.array([abs(float(np.tanh(block["mixer.gamma_bias"]))) * solved for block in network.blocks])
    return float(np.sum((T + 2 * network.width + STEPS) * UNIT_ROUNDOFF / (1 - gains)))


def kernel(network: Network, channels: Channels, x: Any, along: str = "sig") -> Array:
    """e^T dy_i/dx_j e for every i and j, (T, T), exact: the scores of Definition 5 with both probes e = `along`."""
    T = len(x)
    directions = np.eye(T)[:, :, None] * channels[along]
    return channels.read(along, network.derivative(x, directions)).T


def perturbed_kernel(
    network: Network, channels: Channels, x: Any, sources: Sequence[int], size: float = 1.0, along: str = "sig"
) -> Array:
    """The same for some sources j, (T, sources), from what a change of x_j by +-size along e does, divided by 2 size.

    The change need not be small: exact transport is linear in the signal, so any size must give the same result.
    """
    changes = np.zeros((len(sources), *np.shape(x)))
    changes[np.arange(len(sources)), list(sources)] = size * channels[along]
    up, down = network(x + changes), network(x - changes)
    return channels.read(along, up - down).T / (2 * size)


def linearity_defect(network: Network, channels: Channels, x: Any, T_x: Array, along: str = "sig") -> float:
    """How far the output along e is from T_x times the input along e (Definition 12), relative to the sum of sizes.

    Where e is not an axis, e's part is a sum over all entries of a token, so their largest counts as well.
    """
    before, after = channels.read(along, x), channels.read(along, network(x))
    size = np.abs(T_x) @ np.abs(before) + 1e-300
    return float(
        np.max(
            np.abs(after - T_x @ before)
            / np.maximum(size, np.max(np.abs(x if np.count_nonzero(channels[along]) > 1 else before)))
        )
    )


def change(network: Network, channels: Channels, x: Any, names: Sequence[str]) -> float:
    """The largest change of any of these channels, relative to the largest entry of the tokens before and after."""
    y = network(x)
    size = max(np.max(np.abs(x)), np.max(np.abs(y)))
    return float(max(np.max(np.abs(channels.read(name, y) - channels.read(name, x))) for name in names) / size)


def transparency_defect(
    network: Network, channels: Channels, x: Any, source: int, size: float, controls: Sequence[str], along: str = "sig"
) -> float:
    """How far a change of x_source by size along e is from passing through alone (Definition 13)."""
    shifted = np.array(x, dtype=np.float64)
    shifted[source] += size * channels[along]
    difference = network(shifted) - network(x)
    difference[source] -= size * channels[along]
    return float(max(np.max(np.abs(channels.read(name, difference))) for name in (*controls, along)))


def nothing_else(network: Network, channels: Channels, x: Array, names: Sequence[str]) -> Measured:
    """That these channels of tokens x, (n, T, D), stay as they are."""
    bound = rounding(network, x.shape[-2], solved=False)
    return at_most("change of other channels", change(network, channels, x, names), bound)


def exact_transport(network: Network, channels: Channels, x: Array, T_x: Array, along: str = "sig") -> Measured:
    """That the output along e is T_x times the input along e (Definition 12), at tokens x, (T, D).

    The output and T_x both have their rounding errors. Along directions that are no axes a channel is read to within the
    rounding of the whole token, whose other channels, positions for example, may be larger.
    """
    largest = float(np.max(np.linalg.norm(x, axis=-1)) / np.max(np.abs(channels.read(along, x))))
    bound = 2 * rounding(network, len(x)) * max(1.0, largest)
    return at_most("not linear", linearity_defect(network, channels, x, T_x, along), bound)


def passes_alone(
    network: Network, channels: Channels, x: Array, source: int, controls: Sequence[str], size: float
) -> Measured:
    """That a change of 1 along sig at the source passes through alone (Definition 13); numbers are at most `size`."""
    bound = 2 * rounding(network, len(x)) * size
    return at_most(
        "a change of sig passes alone", transparency_defect(network, channels, x, source, 1.0, controls), bound
    )
