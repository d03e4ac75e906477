"""Causal attention: the softmax over visible tokens and the weighted sum, (15) to (17)."""

import numpy as np
from jaxtyping import Bool

from sessa_ref.notation import Array, Real, real_dtype


def past_and_present(T: int) -> Bool[Array, "T T"]:
    """The forward attention's visible set: j <= t."""
    return np.tri(T, k=0, dtype=bool)


def strict_past(T: int) -> Bool[Array, "T T"]:
    """The feedback attention's visible set: j < t; the first token sees nothing."""
    return np.tri(T, k=-1, dtype=bool)


def attention_weights(
    q: Real[Array, "*batch T width"], k: Real[Array, "*batch J width"], visible: Bool[Array, "*rows T J"]
) -> Real[Array, "*batch T J"]:
    """alpha_tj = softmax over the visible j of <q_t, k_j> / sqrt(width), and 0 elsewhere.

    `visible` is the same for the whole batch, or broadcasts to it. A row that sees nothing is 0. Row t reads no invisible logit, so a NaN in a later token does not reach it.
    """
    scale = 1 / np.sqrt(real_dtype(q).type(q.shape[-1]))
    logits = np.where(visible, (q @ np.swapaxes(k, -1, -2)) * scale, -np.inf)
    # Subtracting the row's maximum keeps exp from overflowing; it cancels in the quotient.
    highest = np.max(np.real(logits), axis=-1, keepdims=True, initial=-np.inf)
    exponentials = np.exp(logits - np.where(visible.any(axis=-1, keepdims=True), highest, 0))
    total = np.sum(exponentials, axis=-1, keepdims=True)
    return exponentials / np.where(visible.any(axis=-1, keepdims=True), total, 1)


def among(real: Bool[Array, "*batch T"]) -> Bool[Array, "*batch T T"]:
    """Pairs of real tokens: padding reads nothing and is not read."""
    return real[..., :, None] & real[..., None, :]


def causal_sum(alpha: Real[Array, "*batch T T"], v: Real[Array, "*batch T width"]) -> Real[Array, "*batch T width"]:
    """Sum over j <= t of alpha_tj v_j (16). Row t touches no later value, not even to multiply it by 0."""
    result = np.empty_like(v)
    for t in range(v.shape[-2]):
        result[..., t, :] = np.einsum("...j,...jd->...d", alpha[..., t, : t + 1], v[..., : t + 1, :])
    return result


def read(
    q: Real[Array, "*batch T width"],
    k: Real[Array, "*batch J width"],
    v: Real[Array, "*batch J v_width"],
    visible: Bool[Array, "*rows T J"] | None = None,
) -> Real[Array, "*batch T v_width"]:
    """Every query reads every value, or the visible ones: what a decoding step does with its cache."""
    if visible is None:
        visible = np.ones((q.shape[-2], k.shape[-2]), dtype=bool)
    return attention_weights(q, k, visible) @ v


def split_heads(z: Real[Array, "*batch T features"], heads: int) -> Real[Array, "*batch heads T width"]:
    """Separate the last axis into heads, head h holding the h-th run of consecutive features."""
    separated = z.reshape(*z.shape[:-1], heads, z.shape[-1] // heads)
    return np.moveaxis(separated, -2, -3)


def merge_heads(z: Real[Array, "*batch heads T width"]) -> Real[Array, "*batch T features"]:
    """Concatenate the heads; the inverse of `split_heads`."""
    *batch, heads, T, width = z.shape
    return np.moveaxis(z, -3, -2).reshape(*batch, T, heads * width)


def share_groups(z: Real[Array, "*batch G T width"], heads: int) -> Real[Array, "*batch H T width"]:
    """Give every query head its key/value head: query head h reads group h // (H / G)."""
    return np.repeat(z, heads // z.shape[-3], axis=-3)
