"""Decoding: the same layer one token at a time, from a cache of what later tokens need."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sessa_ref.notation import Array, Real, real_dtype
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention, feedback, layer, mixer, rotary


@dataclass(frozen=True)
class Cache:
    """What the tokens so far leave behind. A step returns a new cache and leaves the old one as it is."""

    k_rotated: Real[Array, "*batch G t d_k"]
    v: Real[Array, "*batch G t d_v"]
    k_fb: Real[Array, "*batch t d_b"]
    s: Real[Array, "*batch t D"]

    @property
    def length(self) -> int:
        """Number of tokens seen."""
        return self.s.shape[-2]

    def append(self, k_rotated: Array, v: Array, k_fb: Array, s: Array) -> "Cache":
        """The cache after one or more further tokens, given with their token axis."""
        return type(self)(
            np.concatenate([self.k_rotated, k_rotated], axis=-2),
            np.concatenate([self.v, v], axis=-2),
            np.concatenate([self.k_fb, k_fb], axis=-2),
            np.concatenate([self.s, s], axis=-2),
        )


def prefill(parameters: SessaParameters, x: Any) -> tuple[Real[Array, "*batch T D"], Cache]:
    """The layer's output for x, shape (..., T, D), and the cache after it; T = 0 gives an empty cache.

    Raises:
        TypeError, ValueError: `x` has the wrong dtype or shape.
    """
    steps = layer.trace(parameters, x)
    return steps.y, Cache(steps.k_rotated, steps.v, steps.k_fb, steps.s)


def decode_step(parameters: SessaParameters, x_t: Any, cache: Cache) -> tuple[Real[Array, "*batch D"], Cache]:
    """The layer's output for the next token x_t, shape (..., D), and the cache after it.

    Raises:
        TypeError: `x_t` does not hold floating-point numbers.
        ValueError: `x_t` has the wrong width, or its batch axes are not the cache's.
    """
    config = parameters.config
    x_t = layer.as_tokens(config, x_t, "x_t", "D")
    if x_t.shape[:-1] != cache.s.shape[:-2]:
        raise ValueError(f"x_t must have the cache's batch axes {cache.s.shape[:-2]}, got {x_t.shape[:-1]}")
    t, H, G = cache.length, config.heads, config.kv_heads
    _, _, g, u = layer.before_mixer(parameters, x_t)

    one_token = u[..., None, :]
    q = attention.split_heads(mixer.project(parameters, "q_proj", one_token), H)
    k = attention.split_heads(mixer.project(parameters, "k_proj", one_token), G)
    v = attention.split_heads(mixer.project(parameters, "v_proj", one_token), G)
    if config.rope:
        theta = rotary.angles(config, np.arange(t, t + 1, dtype=real_dtype(u), like=u))
        q, k = rotary.rotate(q, theta), rotary.rotate(k, theta)
    keys = attention.share_groups(np.concatenate([cache.k_rotated, k], axis=-2), H)
    values = attention.share_groups(np.concatenate([cache.v, v], axis=-2), H)
    o = attention.merge_heads(attention.read(q, keys, values))
    f = (mixer.project(parameters, "out_proj", o) if H > 1 else o)[..., 0, :]

    q_fb, k_fb = np.split(mixer.project(parameters, "proj_fb", one_token), 2, axis=-1)
    gamma = feedback.gain(
        one_token, parameters["mixer.gamma_ctx.weight"], parameters["mixer.gamma_bias"], config.gamma_max
    )
    s = f if t == 0 else f + gamma * attention.read(q_fb, cache.k_fb, cache.s)[..., 0, :]
    return layer.after_mixer(parameters, x_t, s, g), cache.append(k, v, k_fb, s[..., None, :])
