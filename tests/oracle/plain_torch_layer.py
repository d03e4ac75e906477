"""The layer in plain torch, in small methods: what `mutants` get wrong and `variants` compute in another way."""

import math
from typing import Any

import torch
from torch import Tensor, nn

Cache = dict[str, Any]
"""Tokens so far, on axis -2: rotated keys k, values v, feedback keys k_fb, states s."""


class Mixer(nn.Module):
    """The mixer's parameters under their published names; the layer computes with them."""

    def __init__(self, D: int, H: int, G: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(D, D)
        self.k_proj = nn.Linear(D, D // H * G)
        self.v_proj = nn.Linear(D, D // H * G)
        self.proj_fb = nn.Linear(D, 2 * D)
        self.out_proj = nn.Linear(D, D, bias=False) if H > 1 else nn.Identity()
        self.gamma_bias = nn.Parameter(torch.tensor(1.0))
        self.gamma_ctx = nn.Linear(D, 1, bias=False)


class PlainTorchLayer(nn.Module):
    """y = x + W_out(s g), (I - B) s = f, with the published constructor, parameter names and methods.

    Forward, prefill and decoding are one method, `advance`: tokens that follow those in a cache.
    """

    def __init__(
        self,
        D: int,
        n_heads: int = 1,
        n_kv_heads: int | None = None,
        max_len: int | None = None,
        ln_eps: float = 1e-5,
        use_flash: bool = False,
        use_forward_rope: bool = True,
        gamma_max: float = 0.999,
    ) -> None:
        super().__init__()
        self.D, self.H, self.G = D, n_heads, n_kv_heads or n_heads
        self.head_width = D // n_heads
        self.eps, self.rope, self.gamma_max = ln_eps, use_forward_rope, gamma_max
        self.ln = nn.LayerNorm(D, eps=ln_eps)
        self.W_in = nn.Linear(D, 2 * D)
        self.mixer = Mixer(D, self.H, self.G)
        self.W_out = nn.Linear(D, D)

    def forward(self, x: Tensor) -> Tensor:
        """The output for x, both of shape (..., T, D)."""
        return self.advance(x, self.empty_cache(x.shape[:-2], x))[0]

    def init_cache(
        self,
        batch_size: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        max_len: int | None = None,
    ) -> Cache:
        """A cache without tokens; it grows, so `max_len` has no effect."""
        like = self.W_out.weight.new_empty(0, device=device, dtype=dtype)
        return self.empty_cache((batch_size,), like)

    def prefill(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """The output for the prompt x, shape (batch, T, D), and the cache after it."""
        return self.advance(x, cache)

    def decode_step(self, x_t: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """The output for the next token x_t, shape (batch, D), and the cache after it."""
        y, cache = self.advance(x_t[:, None], cache)
        return y[:, 0], cache

    def empty_cache(self, batch: tuple[int, ...], like: Tensor) -> Cache:
        return {
            "k": like.new_empty(*batch, self.G, 0, self.head_width),
            "v": like.new_empty(*batch, self.G, 0, self.head_width),
            "k_fb": like.new_empty(*batch, 0, self.D),
            "s": like.new_empty(*batch, 0, self.D),
        }

    def advance(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """Outputs for tokens that follow those in the cache, and the cache after them."""
        a, g = self.W_in(self.normalize(x)).chunk(2, dim=-1)
        s, cache = self.mix(self.gelu(a), cache)
        return self.after_mixer(x, s, g), cache

    def mix(self, u: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """The mixer's map from u to s, for tokens that follow those in the cache."""
        t, T = cache["s"].shape[-2], u.shape[-2]
        positions, sources = torch.arange(t, t + T)[:, None], torch.arange(t + T)
        q, k, v, fb, ctx = self.projections(u)
        q, k, v = self.split(q, self.H), self.split(k, self.G), self.split(v, self.G)
        if self.rope:
            theta = self.angles(positions, self.head_width, u.dtype)
            q, k = self.rotate(q, theta), self.rotate(k, theta)
        q_fb, k_fb = fb.chunk(2, dim=-1)
        k, v, k_fb = (torch.cat([cache[name], new], dim=-2) for name, new in (("k", k), ("v", v), ("k_fb", k_fb)))
        f = self.forward_signal(q, k, v, sources <= positions)
        B = self.gain(ctx) * self.softmax(self.logits(q_fb, k_fb), sources < positions)
        s = self.solve(B[..., t:], f + B[..., :t] @ cache["s"])
        return s, {"k": k, "v": v, "k_fb": k_fb, "s": torch.cat([cache["s"], s], dim=-2)}

    def after_mixer(self, x: Tensor, s: Tensor, g: Tensor) -> Tensor:
        return x + self.W_out(s * g)

    def normalize(self, x: Tensor) -> Tensor:
        centred = x - x.mean(dim=-1, keepdim=True)
        variance = centred.square().mean(dim=-1, keepdim=True)
        return centred * (variance + self.eps).rsqrt() * self.ln.weight + self.ln.bias

    def gelu(self, a: Tensor) -> Tensor:
        return a * (1 + torch.erf(a / math.sqrt(2))) / 2

    def projections(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """All linear maps of u: queries, keys, values, both halves of the feedback, the gain before tanh."""
        m = self.mixer
        return m.q_proj(u), m.k_proj(u), m.v_proj(u), m.proj_fb(u), m.gamma_ctx(u) + m.gamma_bias

    def split(self, z: Tensor, heads: int) -> Tensor:
        """(..., T, heads * width) to (..., heads, T, width)."""
        return z.unflatten(-1, (heads, z.shape[-1] // heads)).transpose(-2, -3)

    def share(self, z: Tensor) -> Tensor:
        """(..., G, T, width) to (..., H, T, width)."""
        return z.repeat_interleave(self.H // self.G, dim=-3)

    def merge(self, z: Tensor) -> Tensor:
        """(..., heads, T, width) to (..., T, heads * width)."""
        return z.transpose(-2, -3).flatten(-2)

    def angles(self, positions: Tensor, width: int, dtype: torch.dtype) -> Tensor:
        """Angle of each pair at positions (T, 1), in the layer's precision but at least float32."""
        working = torch.promote_types(dtype, torch.float32)
        pairs = torch.arange(width // 2, dtype=working)
        return positions.to(working) * 10000.0 ** (-2 * pairs / width)

    def rotate(self, z: Tensor, theta: Tensor) -> Tensor:
        even, odd = z[..., 0::2], z[..., 1::2]
        cos, sin = theta.cos(), theta.sin()
        turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
        return turned.flatten(-2).to(z.dtype)

    def logits(self, q: Tensor, k: Tensor) -> Tensor:
        return q @ k.mT / math.sqrt(q.shape[-1])

    def softmax(self, logits: Tensor, visible: Tensor) -> Tensor:
        """Weights over the visible sources; a row that sees nothing is 0."""
        # A softmax of nothing is NaN, also in the gradient, so an empty row is hidden only afterwards.
        hidden = ~visible
        hopeful = visible.any(dim=-1, keepdim=True)
        return logits.masked_fill(hidden & hopeful, -torch.inf).softmax(dim=-1).masked_fill(hidden, 0)

    def forward_signal(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        """The forward attention with its output projection."""
        alpha = self.softmax(self.logits(q, self.share(k)), visible)
        return self.mixer.out_proj(self.merge(alpha @ self.share(v)))

    def gain(self, pre: Tensor) -> Tensor:
        return self.gamma_max * torch.tanh(pre)

    def solve(self, B: Tensor, f: Tensor) -> Tensor:
        """s from (I - B) s = f; B is strictly lower-triangular."""
        working = torch.promote_types(f.dtype, torch.float32)
        matrix = torch.eye(B.shape[-1], dtype=working) - B.to(working)
        return torch.linalg.solve_triangular(matrix, f.to(working), upper=False).to(f.dtype)
