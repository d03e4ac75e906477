"""The projection in front of many memories: a linear map, a short convolution and SiLU."""

from typing import Final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

PAST: Final = 3
"""Tokens before the first one that a `Projection` needs; zeros where there are none."""


class Projection(nn.Module):
    """SiLU(b + sum over i = 0 .. 3 of w_i * (W x_(t-i))), channel by channel, as in Titans and in Gated DeltaNet.

    Args:
        width: of the tokens.
        channels: of what is made of them.
    """

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, channels, bias=False)
        self.convolution = nn.Conv1d(channels, channels, PAST + 1, groups=channels)

    def forward(self, x: Float[Tensor, "batch past+T width"]) -> Float[Tensor, "batch T channels"]:
        """The projections of all tokens but the first three."""
        return functional.silu(self.convolution(self.linear(x).mT).mT)
