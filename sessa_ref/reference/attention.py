"""Causal attention: the softmax over visible tokens and the weighted sum, (15) to (17), and their gradients."""

import numpy as np
from jaxtyping import Bool

from sessa_ref.notation import Array, Real, real_dtype


def causal_mask(T: int, past: int = 0) -> Bool[Array, "T J"]:
    """The forward attention's visible set for T tokens after `past` others: j <= t."""
    return np.tri(T, past + T, k=past, dtype=bool)


def strictly_causal_mask(T: int, past: int = 0) -> Bool[Array, "T J"]:
    """The feedback attention's visible set for T tokens after `past` others: j < t; the first token sees nothing."""
    return np.tri(T, past + T, k=past - 1, dtype=bool)


def attention_weights(
    q: Real[Array, "*batch T width"], k: Real[Array, "*batch J width"], visible: Bool[Array, "*rows T J"]
) -> Real[Array, "*batch T J"]:
    """alpha_tj = softmax over the visible j of <q_t, k_j> / sqrt(width), and 0 elsewhere.

    `visible` is the same for the whole batch, or broadcasts to it. A row that sees nothing is 0.
    Row t reads no invisible logit, so a NaN in a later token does not reach it.
    """
    scale = 1 / np.sqrt(real_dtype(q).type(q.shape[-1]))
    logits = np.where(visible, (q @ np.swapaxes(k, -1, -2)) * scale, -np.inf)
    # Subtracting the row's maximum keeps exp from overflowing; it cancels in the quotient.
    highest = np.max(np.real(logits), axis=-1, keepdims=True, initial=-np.inf)
    exponentials = np.exp(logits - np.where(visible.any(axis=-1, keepdims=True), highest, 0))
    total = np.sum(exponentials, axis=-1, keepdims=True)
    return exponentials / np.where(visible.any(axis=-1, keepdims=True), total, 1)


def among(real: Bool[Array, "*batch J"], past: int) -> Bool[Array, "*batch T J"]:
    """Where token past + t and token j are both real: padding reads nothing and is not read."""
    return real[..., past:, None] & real[..., None, :]


def attend(alpha: Real[Array, "*batch T J"], v: Real[Array, "*batch J width"]) -> Real[Array, "*batch T width"]:
    """Sum over j <= t of alpha_tj v_j (16), for the last T of J tokens.

    Row t touches no later value, not even to multiply it by 0.
    """
    past = v.shape[-2] - alpha.shape[-2]
    result = np.empty_like(v[..., past:, :])
    for row in range(alpha.shape[-2]):
        seen = past + row + 1
        result[..., row, :] = np.einsum("...j,...jd->...d", alpha[..., row, :seen], v[..., :seen, :])
    return result


def split_heads(z: Real[Array, "*batch T features"], heads: int) -> Real[Array, "*batch heads T width"]:
    """Separate the last axis into heads, head h holding the h-th run of consecutive features."""
    separated = z.reshape(*z.shape[:-1], heads, z.shape[-1] // heads)
    return np.moveaxis(separated, -2, -3)


def merge_heads(z: Real[Array, "*batch heads T width"]) -> Real[Array, "*batch T features"]:
    """Concatenate the heads; the inverse of `split_heads`."""
    *batch, heads, T, width = z.shape
    return np.moveaxis(z, -3, -2).reshape(*batch, T, heads * width)


def repeat_kv(z: Real[Array, "*batch G T width"], heads: int) -> Real[Array, "*batch H T width"]:
    """Give every query head its key/value head: query head h reads group h // (H / G)."""
    return np.repeat(z, heads // z.shape[-3], axis=-3)


def sum_groups(z: Real[Array, "*batch H T width"], G: int) -> Real[Array, "*batch G T width"]:
    """Sum over the query heads that share a key/value head; the adjoint of `repeat_kv`."""
    *batch, H, T, width = z.shape
    return np.sum(z.reshape(*batch, G, H // G, T, width), axis=-3)


def weights_gradient(
    alpha: Real[Array, "*batch T T"],
    q: Real[Array, "*batch T width"],
    k: Real[Array, "*batch T width"],
    dalpha: Real[Array, "*batch T T"],
    mean: Real[Array, "*batch T"],
) -> tuple[Real[Array, "*batch T width"], Real[Array, "*batch T width"]]:
    """(dq, dk) from dalpha, through the softmax: dlogit_tj = alpha_tj (dalpha_tj - mean_t); see `mean_dalpha`."""
    dlogits = alpha * (dalpha - mean[..., None])
    dlogits = dlogits / np.sqrt(real_dtype(q).type(q.shape[-1]))
    return dlogits @ k, np.swapaxes(dlogits, -1, -2) @ q


def mean_dalpha(
    alpha: Real[Array, "*batch T T"], dout: Real[Array, "*batch T d"], values: Real[Array, "*batch T d"]
) -> Real[Array, "*batch T"]:
    """Sum over j of alpha_tj <dout_t, values_j>: the mean of a row's dalpha, and the gradient of a factor of the row."""
    return np.sum(alpha * (dout @ np.swapaxes(values, -1, -2)), axis=-1)
