"""Where the next tokens of every row go in a cache, what they may read there, and their positions."""

from typing import Protocol

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import rotary
from sessa_ref.optimized.cache import Count


class Span(Protocol):
    """The next T tokens of every row; for one that has fewer, some of them are padding."""

    past: int
    """Places from the first on that hold past tokens, in some row at least."""
    lengths: Int[Tensor, " batch"] | None
    """How many past tokens each row has, where they differ."""

    def turn(self, config: SessaConfig, dtype: torch.dtype, device: torch.device) -> rotary.Table:
        """The rotary table of the tokens' positions."""
        ...

    def visible(self, device: torch.device) -> Bool[Tensor, "..."] | None:
        """Which places each token may read, its own included; None for all."""
        ...

    def read(self, own: Tensor) -> Tensor:
        """A tensor of the cache up to the last place that one of the tokens may read."""
        ...

    def write(self, own: Tensor, new: Tensor) -> None:
        """Store the tokens, shape (batch, T, ...), in a tensor of the cache."""
        ...


class Together:
    """Rows of equal length, so that everything is a slice."""

    lengths = None

    def __init__(self, first: int, T: int) -> None:
        self.past, self.T = first, T

    def turn(self, config: SessaConfig, dtype: torch.dtype, device: torch.device) -> rotary.Table:
        return rotary.table(config, self.past, self.T, dtype, device)

    def visible(self, device: torch.device) -> Tensor | None:
        if self.T == 1:
            return None
        return torch.ones(self.T, self.past + self.T, dtype=torch.bool, device=device).tril(self.past)

    def read(self, own: Tensor) -> Tensor:
        return own[:, : self.past + self.T]

    def write(self, own: Tensor, new: Tensor) -> None:
        own[:, self.past : self.past + self.T] = new


class Apart:
    """Rows of different lengths, or to which different numbers of tokens come. All is known here, so no device waits.

    Args:
        first: past tokens of each row.
        new: tokens that come to each row, at most T.
        T: tokens that are computed for each row.
        device: of the cache.
    """

    def __init__(self, first: tuple[int, ...], new: tuple[int, ...], T: int, device: torch.device) -> None:
        self.past, self.T = max(first), T
        lengths, steps = torch.tensor(first), torch.arange(T)
        real = steps < torch.tensor(new)[:, None]
        rows, tokens = real.nonzero().unbind(-1)
        places = lengths[:, None] + steps
        self.lengths = lengths.to(device)
        self.places = places.to(device)
        self.where = rows.to(device), places[rows, tokens].to(device)
        self.tokens = self.where[0], tokens.to(device)

    def turn(self, config: SessaConfig, dtype: torch.dtype, device: torch.device) -> rotary.Table:
        return rotary.table_at(config, self.places, dtype)

    def visible(self, device: torch.device) -> Tensor:
        return (torch.arange(self.past + self.T, device=device) <= self.places[..., None])[:, None]

    def read(self, own: Tensor) -> Tensor:
        stop = self.past + self.T
        part = own[:, :stop]
        missing = part.new_zeros(part.shape[0], stop - part.shape[1], *part.shape[2:])
        return torch.cat([part, missing], dim=1) if missing.shape[1] else part

    def write(self, own: Tensor, new: Tensor) -> None:
        own[self.where] = new[self.tokens].to(own.dtype)


def span(first: Count, new: Count, T: int, batch: int, device: torch.device) -> Span:
    """The span of the next T tokens, `new` of them real, behind `first` past ones."""
    if not isinstance(first, tuple) and not isinstance(new, tuple):
        return Together(first, T)
    firsts, news = (n if isinstance(n, tuple) else (n,) * batch for n in (first, new))
    return Apart(firsts, news, T, device)
