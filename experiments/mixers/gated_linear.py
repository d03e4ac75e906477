"""A gated linear recurrence: the selective state-space model (8) with one mode of rate 1 and an own step per channel."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

_LONGEST = 256.0


class GatedLinear(nn.Module):
    """h_t = e^(-Delta_t) h_(t-1) + (1 - e^(-Delta_t)) v_t channel by channel, with Delta_t = softplus(step(u_t)).

    Delta_t = 0 keeps the state and reads nothing, a large Delta_t replaces it. No token is compared with another: what
    is kept depends only on the token that comes in. Initially the channels remember for 1 to 256 tokens.

    Args:
        width: of tokens and outputs.
        channels: of the state.
    """

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.value = nn.Linear(width, channels)
        self.step = nn.Linear(width, channels)
        self.out = nn.Linear(channels, width)
        with torch.no_grad():
            step = torch.logspace(0, -math.log2(_LONGEST), channels, base=2)
            self.step.bias.copy_(torch.log(torch.expm1(step)))  # softplus of it is the step

    def forward(self, u: Float[Tensor, "*batch T width"]) -> Float[Tensor, "*batch T width"]:
        """The outputs for tokens u, from the state 0."""
        step = functional.softplus(self.step(u))
        keep, read = torch.exp(-step), -torch.expm1(-step) * self.value(u)
        h = torch.zeros_like(read[..., 0, :])
        states = []
        for t in range(u.shape[-2]):
            h = keep[..., t, :] * h + read[..., t, :]
            states.append(h)
        return self.out(torch.stack(states, dim=-2))
