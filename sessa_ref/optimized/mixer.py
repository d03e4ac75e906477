"""The mixer in torch: forward attention, feedback attention and the solve between them, (12) to (22)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import rotary

_DERIVED_BUFFERS = ("rope_inv_freq", "causal_mask_f_full", "causal_mask_fb_full")


class SessaMixer(nn.Module):
    """The map u -> s. Parameters are named as in the published mixer.

    Args:
        config: the map to compute.
        max_len: capacity of a decoding cache where `init_cache` is given none.
    """

    def __init__(self, config: SessaConfig, max_len: int | None = None) -> None:
        super().__init__()
        self.config = config
        self.max_len = max_len
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
        """What decoding has to remember: (rotated keys, values, feedback keys, s), tokens on axis -2."""
        T = u.shape[-2]
        u, spoiled = isolate_nonfinite(u)
        q, k, v = self.forward_projections(u, torch.arange(T, device=u.device))
        f = self.forward_signal(q, k, v, is_causal=True)
        q_fb, k_fb = self.proj_fb(u).chunk(2, dim=-1)
        s = self.solve(self.feedback_weights(q_fb, k_fb), self.gain(u), f)
        return k, v, k_fb, s.masked_fill(spoiled, torch.nan)

    def forward_projections(self, u: Tensor, positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (H heads), keys and values (G heads) with heads on axis -3, rotated by position."""
        q = self.q_proj(u).unflatten(-1, (self.config.heads, -1)).transpose(-2, -3)
        k = self.k_proj(u).unflatten(-1, (self.config.kv_heads, -1)).transpose(-2, -3)
        v = self.v_proj(u).unflatten(-1, (self.config.kv_heads, -1)).transpose(-2, -3)
        if self.config.rope:
            theta = rotary.angles(self.config, positions, q.dtype)
            q, k = rotary.rotate(q, theta), rotary.rotate(k, theta)
        return q, k, v

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, is_causal: bool) -> Tensor:
        """f: attention with scale query_width^(-1/2), heads concatenated, output projection."""
        share = self.config.heads // self.config.kv_heads
        k, v = k.repeat_interleave(share, dim=-3), v.repeat_interleave(share, dim=-3)
        o = functional.scaled_dot_product_attention(q, k, v, is_causal=is_causal)
        return self.out_proj(o.transpose(-2, -3).flatten(-2))

    def gain(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T 1"]:
        """Gamma = gamma_max tanh(gamma_bias + <u, w>)."""
        return self.config.gamma_max * torch.tanh(self.gamma_bias + self.gamma_ctx(u))

    def feedback_weights(
        self, q_fb: Float[Tensor, "*batch T d_b"], k_fb: Float[Tensor, "*batch T d_b"]
    ) -> Float[Tensor, "*batch T T"]:
        """alpha: softmax over the strict past, row 0 zero; in at least float32."""
        T = q_fb.shape[-2]
        hidden = torch.ones(T, T, dtype=torch.bool, device=q_fb.device).triu()
        logits = self.feedback_logits(q_fb, k_fb)
        # Row 0 sees nothing. A softmax of nothing is NaN, also in the gradient, so the row is left
        # unmasked until after the softmax.
        after_first = torch.arange(T, device=q_fb.device)[:, None] > 0
        logits = logits.masked_fill(hidden & after_first, -torch.inf)
        return logits.softmax(dim=-1).masked_fill(hidden, 0)

    def feedback_logits(
        self, q_fb: Float[Tensor, "*batch T d_b"], k_fb: Float[Tensor, "*batch J d_b"]
    ) -> Float[Tensor, "*batch T J"]:
        """<q, k> / sqrt(feedback_width), in at least float32."""
        working = torch.promote_types(q_fb.dtype, torch.float32)
        with torch.autocast(q_fb.device.type, enabled=False):
            return (q_fb.to(working) @ k_fb.to(working).mT) * self.config.feedback_width**-0.5

    def solve(
        self,
        alpha: Float[Tensor, "*batch T T"],
        gamma: Float[Tensor, "*batch T 1"],
        f: Float[Tensor, "*batch T D"],
    ) -> Float[Tensor, "*batch T D"]:
        """S from (I - diag(gamma) alpha) s = f, in at least float32, returned in the dtype of f."""
        working = torch.promote_types(f.dtype, torch.float32)
        with torch.autocast(f.device.type, enabled=False):
            B = gamma.to(working) * alpha.to(working)
            # unitriangular: the solver takes the diagonal as 1 and never reads it
            s = torch.linalg.solve_triangular(-B, f.to(working), upper=False, unitriangular=True)
        return s.to(f.dtype)

    def init_cache(
        self,
        batch_size: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        max_len: int | None = None,
    ) -> dict:
        """An empty cache for `max_len` tokens, laid out as the published one: tokens on axis 1.

        Raises:
            ValueError: no capacity is given here or to the layer, or it is not positive.
        """
        capacity = self.max_len if max_len is None else max_len
        if capacity is None or capacity < 1:
            raise ValueError(f"init_cache needs max_len, a positive number of tokens, got {capacity}")
        config = self.config
        like = {"device": device or self.gamma_bias.device, "dtype": dtype or self.gamma_bias.dtype}
        return {
            "t": 0,
            "k_f": torch.empty(batch_size, capacity, config.kv_heads, config.query_width, **like),
            "v_f": torch.empty(batch_size, capacity, config.kv_heads, config.value_width, **like),
            "k_b": torch.empty(batch_size, capacity, config.feedback_width, **like),
            "s": torch.empty(batch_size, capacity, config.width, **like),
        }

    def prefill(self, u: Float[Tensor, "batch T D"], cache: dict) -> dict:
        """Run the mixer on a prompt and remember it; `cache["s"][:, :T]` is its output.

        Raises:
            ValueError: the cache is not empty, or too small for the prompt.
        """
        if cache["t"] != 0:
            raise ValueError(f"prefill needs an empty cache, this one holds {cache['t']} tokens")
        _require_room(cache, u.shape[1])
        self._remember(cache, *self.states(u))
        return cache

    def decode_step(self, u: Float[Tensor, "batch D"], cache: dict) -> tuple[Float[Tensor, "batch D"], dict]:
        """The mixer's output for the next token, and the cache (updated in place) after it.

        Raises:
            ValueError: the cache is full.
        """
        _require_room(cache, 1)
        t = cache["t"]
        u = u[:, None, :]
        q, k, v = self.forward_projections(u, torch.arange(t, t + 1, device=u.device))
        keys = torch.cat([cache["k_f"][:, :t].transpose(1, 2).to(k.dtype), k], dim=-2)
        values = torch.cat([cache["v_f"][:, :t].transpose(1, 2).to(v.dtype), v], dim=-2)
        s = self.forward_signal(q, keys, values, is_causal=False)
        q_fb, k_fb = self.proj_fb(u).chunk(2, dim=-1)
        if t > 0:
            gamma, alpha = self.gain(u), self.feedback_logits(q_fb, cache["k_b"][:, :t]).softmax(dim=-1)
            with torch.autocast(u.device.type, enabled=False):
                past = alpha @ cache["s"][:, :t].to(alpha.dtype)
                s = (s.to(alpha.dtype) + gamma.to(alpha.dtype) * past).to(s.dtype)
        self._remember(cache, k, v, k_fb, s)
        return s[:, 0], cache

    @staticmethod
    def _remember(cache: dict, k: Tensor, v: Tensor, k_fb: Tensor, s: Tensor) -> None:
        t, T = cache["t"], s.shape[1]
        cache["k_f"][:, t : t + T] = k.transpose(1, 2)
        cache["v_f"][:, t : t + T] = v.transpose(1, 2)
        cache["k_b"][:, t : t + T] = k_fb
        cache["s"][:, t : t + T] = s
        cache["t"] = t + T

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
    bad = ~u.isfinite().all(dim=-1, keepdim=True)
    return u.masked_fill(bad, 0), bad.cumsum(dim=-2) > 0


def _require_room(cache: dict, tokens: int) -> None:
    capacity = cache["s"].shape[1]
    if cache["t"] + tokens > capacity:
        raise ValueError(
            f"cache overflow: it has max_len={capacity} places and holds {cache['t']} tokens, "
            f"so {tokens} more do not fit; make it with a larger max_len"
        )
