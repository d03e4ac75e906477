"""Decoding: the same layer one token at a time, from a cache of what later tokens need."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool

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
    real: Bool[Array, "*batch t"] | None = None
    """Which tokens are no padding; None where all are."""

    @property
    def length(self) -> int:
        """Number of tokens seen, padding included."""
        return self.s.shape[-2]

    def append(self, k_rotated: Array, v: Array, k_fb: Array, s: Array) -> "Cache":
        """The cache after one or more further real tokens, given with their token axis."""
        return type(self)(
            np.concatenate([self.k_rotated, k_rotated], axis=-2),
            np.concatenate([self.v, v], axis=-2),
            np.concatenate([self.k_fb, k_fb], axis=-2),
            np.concatenate([self.s, s], axis=-2),
            None if self.real is None else np.concatenate([self.real, np.ones(s.shape[:-1], dtype=bool)], axis=-1),
        )


def prefill(parameters: SessaParameters, x: Any, attention_mask: Any = None) -> tuple[Real[Array, "*batch T D"], Cache]:
    """The layer's output for x, shape (..., T, D), and the cache after it; T = 0 gives an empty cache.

    `attention_mask` is that of `reference.trace`; padding stays in the cache, marked as such.

    Raises:
        TypeError, ValueError: `x` or `attention_mask` has the wrong dtype or shape.
    """
    masks = () if attention_mask is None else (attention_mask,)
    steps = layer.trace(parameters, x, *masks)
    return steps.y, Cache(steps.k_rotated, steps.v, steps.k_fb, steps.s, steps.real)


def decode_step(
    parameters: SessaParameters, x_t: Any, cache: Cache, attention_mask: Any = None
) -> tuple[Real[Array, "*batch D"], Cache]:
    """The layer's output for the next token x_t, shape (..., D), and the cache after it.

    Rows in which x_t is padding, as one that has ended, are False in `attention_mask`, of shape (...).

    Raises:
        TypeError: `x_t` does not hold floating-point numbers, or `attention_mask` no booleans.
        ValueError: `x_t` has the wrong width, or its batch axes are not the cache's; or those of `attention_mask`.
    """
    config = parameters.config
    x_t = layer.as_tokens(config, x_t, "x_t", "D")
    if x_t.shape[:-1] != cache.s.shape[:-2]:
        raise ValueError(f"x_t must have the cache's batch axes {cache.s.shape[:-2]}, got {x_t.shape[:-1]}")
    t, H, G = cache.length, config.heads, config.kv_heads
    real = _real_so_far(cache, attention_mask)
    now = None if real is None else real[..., -1]
    _, _, g, u = layer.before_mixer(parameters, layer.without_padding(x_t, now))

    one_token = u[..., None, :]
    q = attention.split_heads(mixer.project(parameters, "q_proj", one_token), H)
    k = attention.split_heads(mixer.project(parameters, "k_proj", one_token), G)
    v = attention.split_heads(mixer.project(parameters, "v_proj", one_token), G)
    positions = np.arange(t, t + 1, dtype=real_dtype(u), like=u)
    forward_sees, feedback_sees = (), ()
    if real is not None:
        positions = mixer.positions_of(real, real_dtype(u))[..., -1:]
        sees = (real & real[..., -1:])[..., None, :]
        forward_sees, feedback_sees = (sees[..., None, :, :],), (sees[..., :-1],)
    if config.rope:
        theta = rotary.angles(config, positions)
        q, k = rotary.rotate(q, theta), rotary.rotate(k, theta)
    keys = attention.share_groups(np.concatenate([cache.k_rotated, k], axis=-2), H)
    values = attention.share_groups(np.concatenate([cache.v, v], axis=-2), H)
    o = attention.merge_heads(attention.read(q, keys, values, *forward_sees))
    f = (mixer.project(parameters, "out_proj", o) if H > 1 else o)[..., 0, :]

    q_fb, k_fb = np.split(mixer.project(parameters, "proj_fb", one_token), 2, axis=-1)
    gamma = feedback.gain(
        one_token, parameters["mixer.gamma_ctx.weight"], parameters["mixer.gamma_bias"], config.gamma_max
    )
    s = f if t == 0 else f + gamma * attention.read(q_fb, cache.k_fb, cache.s, *feedback_sees)[..., 0, :]
    after = cache.append(k, v, k_fb, s[..., None, :])
    return layer.after_mixer(parameters, x_t, s, g), after if real is None else replace(after, real=real)


def _real_so_far(cache: Cache, attention_mask: Any) -> Bool[Array, "*batch t"] | None:
    """Which tokens are no padding, the new one included; None where nothing was said of padding."""
    if attention_mask is None and cache.real is None:
        return None
    past, batch = cache.real, cache.s.shape[:-2]
    if past is None:
        past = np.ones((*batch, cache.length), dtype=bool)
    new = np.ones(batch, dtype=bool) if attention_mask is None else layer.as_mask(attention_mask, batch)
    return np.concatenate([past, new[..., None]], axis=-1)
