"""What the definitions 11 to 13 speak of, measured on a network: kernels, preserved channels, transparency."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sessa_ref.constructions.channels import Channels
from sessa_ref.constructions.network import Network
from sessa_ref.notation import Array

ROUNDING = 1e-14
"""What a block may change by rounding, relative to the largest number that goes in or out: about 64 unit roundoffs."""


def kernel(network: Network, channels: Channels, x: Any, along: str = "sig") -> Array:
    """e^T dy_i/dx_j e for every i and j, (T, T), exact: the scores of Definition 5 with both probes e = `along`."""
    T = len(x)
    directions = np.eye(T)[:, :, None] * channels[along]
    return channels.read(along, network.derivative(x, directions)).T


def perturbed_kernel(
    network: Network, channels: Channels, x: Any, sources: Sequence[int], size: float = 1.0, along: str = "sig"
) -> Array:
    """The same for some sources j, (T, sources), from what a change of x_j by +-size along e does, divided by 2 size.

    It is no small change: exact transport is linear in the signal, so that any size must give the same.
    """
    changes = np.zeros((len(sources), *np.shape(x)))
    changes[np.arange(len(sources)), list(sources)] = size * channels[along]
    up, down = network(x + changes), network(x - changes)
    return channels.read(along, up - down).T / (2 * size)


def linearity_defect(network: Network, channels: Channels, x: Any, T_x: Array, along: str = "sig") -> float:
    """How far the output along e is from T_x times the input along e (Definition 12), relative to the sum of sizes."""
    before, after = channels.read(along, x), channels.read(along, network(x))
    size = np.abs(T_x) @ np.abs(before) + 1e-300
    return float(np.max(np.abs(after - T_x @ before) / np.maximum(size, np.max(np.abs(before)))))


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
