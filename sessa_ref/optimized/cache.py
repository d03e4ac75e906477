"""What decoding has to remember: rotated keys, values, feedback keys and states of the tokens so far."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from sessa_ref.config import SessaConfig


@dataclass(eq=False)
class Cache:
    """Tensors with room for `capacity` tokens on axis 1, of which the first `t` are filled.

    The fields are the entries of the published layer's cache, a dict, which is taken in its place.
    """

    t: int
    k_f: Float[Tensor, "batch capacity G d_k"]
    v_f: Float[Tensor, "batch capacity G d_v"]
    k_b: Float[Tensor, "batch capacity d_b"]
    s: Float[Tensor, "batch capacity D"]

    @classmethod
    def empty(
        cls, config: SessaConfig, batch: int, capacity: int, device: torch.device | str, dtype: torch.dtype
    ) -> "Cache":
        """A cache without tokens."""
        G = config.kv_heads
        widths = ((G, config.query_width), (G, config.value_width), (config.feedback_width,), (config.width,))
        return cls(0, *(torch.zeros(batch, capacity, *width, device=device, dtype=dtype) for width in widths))

    @classmethod
    def of(cls, cache: "AnyCache") -> "Cache":
        """The cache itself, or one that shares the tensors of a published dict.

        Raises:
            ValueError: a dict lacks an entry of the published cache.
        """
        if isinstance(cache, cls):
            return cache
        names = ("t", "k_f", "v_f", "k_b", "s")
        missing = [name for name in names if name not in cache]
        if missing:
            raise ValueError(f"cache must be a Cache or have the published entries {names}; it lacks {missing}")
        return cls(*(cache[name] for name in names))

    def returned_as(self, cache: "AnyCache") -> "AnyCache":
        """What `of` was given, up to date: its tensors are shared, its count of tokens is not."""
        if not isinstance(cache, Cache):
            cache["t"] = self.t
        return cache

    @property
    def capacity(self) -> int:
        """How many tokens there is room for."""
        return self.s.shape[1]

    def require_room(self, tokens: int) -> None:
        """Raise ValueError unless so many more tokens fit."""
        if self.t + tokens > self.capacity:
            raise ValueError(
                f"cache overflow: it has max_len={self.capacity} places and holds {self.t} tokens, "
                f"so {tokens} more do not fit; make it with a larger max_len"
            )

    def write(self, k_f: Tensor, v_f: Tensor, k_b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Store keys and values of the next tokens, and return those of all tokens so far, these included."""
        stop = self.t + k_b.shape[1]
        result = []
        for own, new in ((self.k_f, k_f), (self.v_f, v_f), (self.k_b, k_b)):
            own[:, self.t : stop] = new
            result.append(own[:, :stop].to(new.dtype))
        return result[0], result[1], result[2]

    def advance(self, s: Tensor) -> None:
        """Store the states of the tokens whose keys and values were written, and count the tokens."""
        stop = self.t + s.shape[1]
        self.s[:, self.t : stop] = s
        self.t = stop


AnyCache = Cache | dict[str, Any]
"""Our cache, or the published layer's."""
