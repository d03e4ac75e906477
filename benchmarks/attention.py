"""The baseline: causal attention in the place of the Sessa mixer, as a user would otherwise write it."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sessa_ref.config import SessaConfig


class AttentionMixer(nn.Module):
    """Causal attention with the projections and the rotary embedding of the Sessa mixer, and no feedback.

    Args:
        config: width, heads and rotary base are read; as many key/value heads as query heads.
    """

    def __init__(self, config: SessaConfig) -> None:
        super().__init__()
        self.config = config
        D, bias = config.width, config.projection_bias
        self.q_proj = nn.Linear(D, D, bias=bias)
        self.k_proj = nn.Linear(D, D, bias=bias)
        self.v_proj = nn.Linear(D, D, bias=bias)
        self.out_proj = nn.Identity() if config.heads == 1 else nn.Linear(D, D, bias=False)
        self._cos = self._sin = torch.empty(0)

    def forward(self, u: Float[Tensor, "batch T D"]) -> Float[Tensor, "batch T D"]:
        """The attention's output for u, shape (batch, T, D)."""
        q, k, v = self.projections(u, 0)
        return self.output(functional.scaled_dot_product_attention(q, k, v, is_causal=True))

    def projections(self, u: Float[Tensor, "batch T D"], first: int) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, shape (batch, H, T, D/H), rotated for positions from `first` on."""
        q, k, v = (
            projection(u).unflatten(-1, (self.config.heads, -1)).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        if not self.config.rope:
            return q, k, v
        return self._rotate(q, first), self._rotate(k, first), v

    def output(self, o: Float[Tensor, "batch H T value_width"]) -> Float[Tensor, "batch T D"]:
        """Heads side by side, through the output projection."""
        return self.out_proj(o.transpose(1, 2).flatten(-2))

    def _rotate(self, z: Tensor, first: int) -> Tensor:
        last = first + z.shape[-2]
        if last > len(self._cos) or self._cos.dtype != z.dtype:
            d = self.config.query_width
            frequencies = self.config.rope_base ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
            theta = torch.outer(torch.arange(2 * last, dtype=torch.float64), frequencies)
            self._cos, self._sin = theta.cos().to(z.dtype), theta.sin().to(z.dtype)
        cos, sin = self._cos[first:last], self._sin[first:last]
        even, odd = z.unflatten(-1, (-1, 2)).unbind(-1)
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


class AttentionLayer(nn.Module):
    """The Sessa layer's norm, gate and output projection around an `AttentionMixer`; decodes from a cache."""

    def __init__(self, config: SessaConfig) -> None:
        super().__init__()
        D = config.width
        self.ln = nn.LayerNorm(D, eps=config.norm_eps)
        self.W_in = nn.Linear(D, 2 * D)
        self.mixer = AttentionMixer(config)
        self.W_out = nn.Linear(D, D)

    def init_cache(self, batch_size: int, max_len: int) -> dict[str, Any]:
        """Room for the keys and values of `max_len` tokens."""
        config = self.mixer.config
        shape = (batch_size, config.heads, max_len, config.value_width)
        return {"t": 0, "k": self.W_in.weight.new_empty(shape), "v": self.W_in.weight.new_empty(shape)}

    def prefill(self, x: Float[Tensor, "batch T D"], cache: dict) -> tuple[Float[Tensor, "batch T D"], dict]:
        """The output for a prompt, and the cache after it."""
        return self._step(x, cache, is_causal=True)

    def decode_step(self, x_t: Float[Tensor, "batch D"], cache: dict) -> tuple[Float[Tensor, "batch D"], dict]:
        """The output for the next token, and the cache after it."""
        y, cache = self._step(x_t[:, None], cache, is_causal=False)
        return y[:, 0], cache

    def _step(self, x: Tensor, cache: dict, is_causal: bool) -> tuple[Tensor, dict]:
        a, g = self.W_in(self.ln(x)).chunk(2, dim=-1)
        first, last = cache["t"], cache["t"] + x.shape[1]
        q, cache["k"][:, :, first:last], cache["v"][:, :, first:last] = self.mixer.projections(
            functional.gelu(a), first
        )
        keys, values = cache["k"][:, :, :last], cache["v"][:, :, :last]
        cache["t"] = last
        s = self.mixer.output(functional.scaled_dot_product_attention(q, keys, values, is_causal=is_causal))
        return x + self.W_out(s * g), cache
