"""The mixer in torch: forward attention, feedback attention and the solve between them, (12) to (22)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import rotary
from sessa_ref.optimized.cache import Cache
from sessa_ref.optimized.feedback_solve import Backend, check_backend, extend, feedback_solve

_DERIVED_BUFFERS = ("rope_inv_freq", "causal_mask_f_full", "causal_mask_fb_full")
_PREFILL_ROWS = 256


class SessaMixer(nn.Module):
    """The map u -> s. Parameters are named as in the published mixer.

    Args:
        config: the map to compute.
        max_len: capacity of a decoding cache where `init_cache` is given none.
        backend: how to solve; see `feedback_solve`.

    Raises:
        ValueError: there is no such backend.
    """

    def __init__(self, config: SessaConfig, max_len: int | None = None, backend: Backend = "blocked") -> None:
        super().__init__()
        check_backend(backend)
        self.config = config
        self.max_len = max_len
        self.backend: Backend = backend
        D, bias = config.width, config.projection_bias
        self.q_proj = nn.Linear(D, config.heads * config.query_width, bias=bias)
        self.k_proj = nn.Linear(D, config.kv_heads * config.query_width, bias=bias)
        self.v_proj = nn.Linear(D, config.kv_heads * config.value_width, bias=bias)
        self.proj_fb = nn.Linear(D, 2 * config.feedback_width, bias=bias)
        self.out_proj = nn.Identity() if config.heads == 1 else nn.Linear(D, D, bias=False)
        self.gamma_bias = nn.Parameter(torch.tensor(1.0))
        self.gamma_ctx = nn.Linear(D, 1, bias=False)

    def forward(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The solution s of (I - B(u)) s = f(u); u and s have the same shape and dtype."""
        return self.states(u)[-1]

    def states(self, u: Float[Tensor, "*batch T D"]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What decoding has to remember: (rotated keys, values, feedback keys, s), tokens before heads."""
        u, spoiled = isolate_nonfinite(u)
        q, k, v = self.forward_projections(u, first=0)
        f = self.forward_signal(q, k, v, is_causal=True)
        q_fb, k_fb = self.proj_fb(u).chunk(2, dim=-1)
        s = feedback_solve(q_fb, k_fb, self.gain(u), f, self.backend)
        return k, v, k_fb, s.masked_fill(spoiled, torch.nan)

    def forward_projections(self, u: Float[Tensor, "*batch T D"], first: int) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (H heads), keys and values (G heads) with heads on axis -2, rotated by positions from `first` on."""
        config = self.config
        q = self.q_proj(u).unflatten(-1, (config.heads, -1))
        k = self.k_proj(u).unflatten(-1, (config.kv_heads, -1))
        v = self.v_proj(u).unflatten(-1, (config.kv_heads, -1))
        if config.rope:
            turn = rotary.table(config, first, u.shape[-2], q.dtype, q.device)
            q, k = rotary.rotate(q, turn), rotary.rotate(k, turn)
        return q, k, v

    def forward_signal(
        self, q: Tensor, k: Tensor, v: Tensor, is_causal: bool = False, visible: Tensor | None = None
    ) -> Float[Tensor, "*batch T D"]:
        """f: attention with scale query_width^(-1/2), heads concatenated, output projection."""
        shared = self.config.heads > self.config.kv_heads
        q, k, v = (z.transpose(-2, -3) for z in (q, k, v))
        if q.device.type == "cpu" and is_causal:  # a head's rows side by side make faster products
            q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
        o = functional.scaled_dot_product_attention(q, k, v, attn_mask=visible, is_causal=is_causal, enable_gqa=shared)
        return self.out_proj(o.transpose(-2, -3).flatten(-2))

    def gain(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T"]:
        """Gamma = gamma_max tanh(gamma_bias + <u, w>), in at least float32: bfloat16 would round 0.999 to 1."""
        argument = (self.gamma_bias + self.gamma_ctx(u)).squeeze(-1)
        return self.config.gamma_max * torch.tanh(argument.to(torch.promote_types(argument.dtype, torch.float32)))

    def init_cache(
        self,
        batch_size: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        max_len: int | None = None,
    ) -> Cache:
        """An empty cache for `max_len` tokens (default: the layer's).

        Raises:
            ValueError: no capacity is given here or to the layer, or it is not positive.
        """
        capacity = self.max_len if max_len is None else max_len
        if capacity is None or capacity < 1:
            raise ValueError(f"init_cache needs max_len, a positive number of tokens, got {capacity}")
        like = self.gamma_bias
        return Cache.empty(self.config, batch_size, capacity, device or like.device, dtype or like.dtype)

    @torch.no_grad()
    def prefill(self, u: Float[Tensor, "batch T D"], cache: Cache) -> Float[Tensor, "batch T D"]:
        """The mixer's output for tokens that follow those in the cache, which is updated.

        Raises:
            ValueError: they do not fit.
        """
        cache.require_room(u.shape[1])
        if cache.t == 0:
            *keys_and_values, s = self.states(u)
            cache.write(*keys_and_values)
            cache.advance(s)
            return s
        u, spoiled = isolate_nonfinite(u)
        s = torch.cat([self._advance(rows, cache) for rows in u.split(_PREFILL_ROWS, dim=1)], dim=1)
        return s.masked_fill(spoiled, torch.nan)

    @torch.no_grad()
    def decode_step(self, u: Float[Tensor, "batch D"], cache: Cache) -> Float[Tensor, "batch D"]:
        """The mixer's output for the next token; the cache is updated.

        Raises:
            ValueError: the cache is full.
        """
        cache.require_room(1)
        return self._advance(u[:, None], cache)[:, 0]

    def _advance(self, u: Float[Tensor, "batch T D"], cache: Cache) -> Float[Tensor, "batch T D"]:
        """A few tokens after those in the cache, or a single first one; T x t numbers at a time."""
        t, T = cache.t, u.shape[1]
        q, k, v = self.forward_projections(u, first=t)
        q_fb, k_fb = self.proj_fb(u).chunk(2, dim=-1)
        k, v, k_fb = cache.write(k, v, k_fb)
        visible = None if T == 1 else torch.ones(T, t + T, dtype=torch.bool, device=u.device).tril(t)
        f = self.forward_signal(q, k, v, visible=visible)
        s = extend(q_fb, k_fb, self.gain(u), f, cache.s[:, :t])
        cache.advance(s)
        return s

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.config.rope:  # the published layer stores its frequencies and, loading strictly, asks for them
            one = torch.ones(1, dtype=torch.long)
            destination[prefix + "rope_inv_freq"] = rotary.angles(self.config, one, torch.float32)[0].float()

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        derived = {prefix + name for name in _DERIVED_BUFFERS}
        own = {name: value for name, value in state_dict.items() if name not in derived}
        super()._load_from_state_dict(own, prefix, *args, **kwargs)


def isolate_nonfinite(
    u: Float[Tensor, "*batch T D"],
) -> tuple[Float[Tensor, "*batch T D"], Bool[Tensor, "*batch T 1"]]:
    """U with non-finite tokens set to 0, and which tokens come at or after one.

    Masked products read 0 * NaN = NaN, so without this a bad token would spoil the outputs before it.
    """
    values = u.detach()
    low, high = values.amin(dim=-1, keepdim=True), values.amax(dim=-1, keepdim=True)  # NaN comes through
    bad = ~(low.isfinite() & high.isfinite())
    return u.masked_fill(bad, 0), bad.cumsum(dim=-2) > 0
