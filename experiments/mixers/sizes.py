"""How many trainable parameters a module has, and the size at which it has as many as another."""

from collections.abc import Callable

import torch
from torch import nn


def parameters(module: nn.Module) -> int:
    """How many trainable parameters a module has."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def matched(build: Callable[[int], nn.Module], like: Callable[[], nn.Module]) -> int:
    """The size n >= 1 that brings `parameters(build(n))`, which is to be affine in n, nearest to that of `like()`."""
    with torch.device("meta"):  # to count without drawing any parameters
        wanted = parameters(like())
        one, two = parameters(build(1)), parameters(build(2))
    return max(1, 1 + round((wanted - one) / (two - one)))
