"""Where the next tokens of every row go in a cache, what they may read there, and their positions."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import rotary
from sessa_ref.optimized.cache import Count


class Together:
    """T tokens behind `past` ones, the same in every row, so that everything is a slice."""

    lengths = None
    """How many past tokens each row has, where they differ."""

    def __init__(self, past: int, T: int) -> None:
        self.past, self.T = past, T

    def turn(self, config: SessaConfig, dtype: torch.dtype, device: torch.device) -> rotary.Table:
        """The rotary table of the tokens' positions."""
        return rotary.table(config, self.past, self.T, dtype, device)

    def visible(self, device: torch.device) -> Bool[Tensor, "T places"] | None:
        """Which places each token may read, its own included; None for all."""
        if self.T == 1:
            return None
        return torch.ones(self.T, self.past + self.T, dtype=torch.bool, device=device).tril(self.past)

    def read(self, own: Float[Tensor, "batch capacity *width"]) -> Float[Tensor, "batch places *width"]:
        """A tensor of the cache, up to the last place that one of the tokens may read."""
        return own[:, : self.past + self.T]

    def write(self, own: Float[Tensor, "batch capacity *width"], new: Float[Tensor, "batch T *width"]) -> None:
        """Store the tokens in a tensor of the cache."""
        own[:, self.past : self.past + self.T] = new


class Apart:
    """The same where rows differ. The numbers of tokens are known on the host, so nothing waits for the device.

    Args:
        past: past tokens of each row.
        new: tokens that come to each row; the others of the T are padding, which is computed, and not stored.
        T: tokens that are computed for each row.
        device: of the cache.
    """

    def __init__(self, past: tuple[int, ...], new: tuple[int, ...], T: int, device: torch.device) -> None:
        self.past, self.T = max(past), T
        lengths, steps = torch.tensor(past), torch.arange(T)
        places = lengths[:, None] + steps
        rows, tokens = (steps < torch.tensor(new)[:, None]).nonzero().unbind(-1)
        self.lengths, self.places = lengths.to(device), places.to(device)
        self._from = rows.to(device), tokens.to(device)
        self._to = self._from[0], places[rows, tokens].to(device)

    def turn(self, config: SessaConfig, dtype: torch.dtype, device: torch.device) -> rotary.Table:
        """As for `Together`: positions count the tokens of the row."""
        return rotary.table_at(config, self.places, dtype)

    def visible(self, device: torch.device) -> Bool[Tensor, "batch 1 T places"]:
        """As for `Together`, with an axis for heads."""
        return (torch.arange(self.past + self.T, device=device) <= self.places[..., None])[:, None]

    def read(self, own: Float[Tensor, "batch capacity *width"]) -> Float[Tensor, "batch places *width"]:
        """As for `Together`; where the capacity ends before place `past + T`, zeros are appended."""
        stop = self.past + self.T
        part = own[:, :stop]
        missing = part.new_zeros(part.shape[0], stop - part.shape[1], *part.shape[2:])
        return torch.cat([part, missing], dim=1) if missing.shape[1] else part

    def write(self, own: Float[Tensor, "batch capacity *width"], new: Float[Tensor, "batch T *width"]) -> None:
        """As for `Together`, without the padding."""
        own[self._to] = new[self._from].to(own.dtype)


Span = Together | Apart
"""The places of some tokens."""


def span(past: Count, new: Count, T: int, batch: int, device: torch.device) -> Span:
    """The span of T tokens, `new` of them real, behind `past` ones."""
    if not isinstance(past, tuple) and not isinstance(new, tuple):
        return Together(past, T)
    lengths, numbers = (n if isinstance(n, tuple) else (n,) * batch for n in (past, new))
    return Apart(lengths, numbers, T, device)
