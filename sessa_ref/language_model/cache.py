"""The decoding caches of all layers as a cache of `transformers`, so that `generate` can reorder and crop them."""

from typing import Any, NoReturn

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

from sessa_ref import optimized
from sessa_ref.language_model.config import SessaModelConfig
from sessa_ref.optimized import SessaLayer


class SessaCacheLayer(CacheLayerMixin):
    """The cache of one layer. It is made with the first tokens, and grows as they need it.

    `transformers` counts padding among the tokens of a cache, and ours does not store it, so this one remembers which
    tokens were real.
    """

    is_croppable = True
    supports_early_init = False

    def __init__(self) -> None:
        super().__init__()
        self.stored: optimized.Cache | None = None
        self.real = torch.zeros(0, 0, dtype=torch.bool)
        """Which of the tokens so far are no padding, on the CPU; shape (batch, tokens)."""

    def advance(
        self, layer: SessaLayer, x: Float[Tensor, "batch T D"], real: Bool[Tensor, "batch T"]
    ) -> Float[Tensor, "batch T D"]:
        """The layer's output for tokens that follow those so far, which are stored; `real` is on the CPU."""
        if self.stored is None:
            self.stored = layer.init_cache(len(x), dtype=x.dtype, max_len=max(1, x.shape[1]))
            self.real = real[:, :0]
            self.is_initialized = True
        needed = self.stored.longest + x.shape[1]
        if needed > self.stored.capacity:
            self.stored.grow(max(needed, 2 * self.stored.capacity))
        y, _ = layer.prefill(x, self.stored, None if bool(real.all()) else real)
        self.real = torch.cat([self.real, real], dim=1)
        return y

    @property
    def batch_size(self) -> int:
        """How many rows there are; -1 before the first tokens."""
        return -1 if self.stored is None else self.stored.batch

    def get_seq_length(self) -> int:
        """How many tokens there are in each row, padding included."""
        return self.real.shape[1]

    def get_max_length(self) -> int:
        """-1: it grows."""
        return -1

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """How many tokens a mask is for, and the first of them."""
        return self.get_seq_length() + query_length, 0

    def reset(self) -> None:
        """Forget all tokens."""
        self.stored, self.real, self.is_initialized = None, torch.zeros(0, 0, dtype=torch.bool), False

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Let every row continue the row of this index."""
        self.batch_select_indices(beam_idx)

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Let every row become `repeats` rows."""
        self.batch_select_indices(torch.arange(len(self.real)).repeat_interleave(repeats))

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep these rows, in this order."""
        if self.stored is not None:
            self.stored = self.stored.select(indices)
            self.real = self.real[indices.cpu()]

    def crop(self, tokens_to_remove: int) -> None:
        """Forget the last tokens: -n for n of them, as `transformers` says it.

        Raises:
            ValueError: the number is positive, or there are fewer tokens.
        """
        kept = self.get_seq_length() + tokens_to_remove
        if tokens_to_remove > 0 or kept < 0:
            raise ValueError(
                f"tokens_to_remove must be -n for n of {self.get_seq_length()} tokens, got {tokens_to_remove}"
            )
        if self.stored is not None:
            self.real = self.real[:, :kept]
            self.stored.crop(self.real.sum(dim=1))

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> NoReturn:
        """Not for keys and values alone: `advance` stores states, too."""
        raise TypeError("a Sessa layer's cache cannot be updated with keys and values alone")

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> NoReturn:
        """As `update`."""
        self.update(key_states, value_states)


class SessaCache(Cache):
    """The caches of a model's layers; empty at first."""

    def __init__(self, config: SessaModelConfig) -> None:
        super().__init__(layers=[SessaCacheLayer() for _ in range(config.num_hidden_layers)])
