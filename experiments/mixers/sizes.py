"""How many trainable parameters a module has, and the size at which it has as many as another."""

from bisect import bisect_left
from collections.abc import Callable

import torch
from torch import nn


def parameters(module: nn.Module) -> int:
    """How many trainable parameters a module has."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def matched(build: Callable[[int], nn.Module], like: Callable[[], nn.Module]) -> int:
    """The size n >= 1 that brings `parameters(build(n))`, which is to grow with n, nearest to that of `like()`."""
    with torch.device("meta"):  # to count without drawing any parameters
        wanted = parameters(like())

        def count(size: int) -> int:
            return parameters(build(size))

        most = 2
        while count(most) < wanted:
            most *= 2
        enough = bisect_left(range(most + 1), wanted, lo=1, key=count)
        return min(max(enough - 1, 1), enough, key=lambda size: abs(count(size) - wanted))
