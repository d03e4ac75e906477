"""The mixers that can stand in the decoder: each is built from a `SessaConfig`, and maps u to s of the same shape."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor, nn

from experiments.gated_linear import GatedLinear
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaMixer


class WithoutFeedback(SessaMixer):
    """The mixer with gain 0: B = 0 and s = f, plain attention. Its feedback parameters are there and do nothing."""

    def gain(self, u: Tensor) -> Tensor:
        """0 for every token."""
        return torch.zeros_like(u[..., 0])


def _gated_linear(config: SessaConfig) -> GatedLinear:
    """As many channels as bring it nearest to the number of parameters of Sessa's mixer."""
    with torch.device("meta"):  # to count without drawing any parameters
        wanted = parameters(SessaMixer(config))
        one, two = (parameters(GatedLinear(config.width, channels)) for channels in (1, 2))
    return GatedLinear(config.width, max(1, 1 + round((wanted - one) / (two - one))))


def parameters(module: nn.Module) -> int:
    """How many numbers a module learns."""
    return sum(parameter.numel() for parameter in module.parameters())


MIXERS: Final[dict[str, Callable[[SessaConfig], nn.Module]]] = {
    "sessa": SessaMixer,
    "gain-0": WithoutFeedback,
    "sessa-no-rotary": lambda config: SessaMixer(replace(config, rope=False)),
    "gain-0-no-rotary": lambda config: WithoutFeedback(replace(config, rope=False)),
    "gated-linear": _gated_linear,
}
"""By name: Sessa and attention alone, both with and without rotary embedding, and a gated linear recurrence."""
