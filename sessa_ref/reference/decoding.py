"""Decoding: the same layer one token at a time, from a cache of what later tokens need."""

from typing import Any

import numpy as np
from jaxtyping import Bool

from sessa_ref.notation import Array, Real
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import layer
from sessa_ref.reference.cache import Cache
from sessa_ref.reference.formulas import DEFINITION, Formulas


def prefill(
    parameters: SessaParameters, x: Any, attention_mask: Any = None, formulas: Formulas = DEFINITION
) -> tuple[Real[Array, "*batch T D"], Cache]:
    """The layer's output for x, shape (..., T, D), and the cache after it; T = 0 gives an empty cache.

    `attention_mask` and `formulas` are those of `reference.trace`; padding stays in the cache, marked as such.

    Raises:
        TypeError, ValueError: `x` or `attention_mask` has the wrong dtype or shape.
    """
    steps = layer.trace(parameters, x, attention_mask, formulas)
    return steps.y, formulas.remember(None, steps)


def decode_step(
    parameters: SessaParameters,
    x_t: Any,
    cache: Cache,
    attention_mask: Any = None,
    formulas: Formulas = DEFINITION,
) -> tuple[Real[Array, "*batch D"], Cache]:
    """The layer's output for the next token x_t, shape (..., D), and the cache after it.

    `attention_mask`, of shape (...), is False for rows in which x_t is padding, such as rows that have ended.
    `formulas` is that of `reference.trace`.

    Raises:
        TypeError: `x_t` does not hold floating-point numbers, or `attention_mask` does not hold booleans.
        ValueError: `x_t` has the wrong width, or the batch axes of `x_t` or `attention_mask` are not the cache's.
    """
    x_t = layer.as_tokens(parameters.config, x_t, "x_t", "D")
    if x_t.shape[:-1] != cache.s.shape[:-2]:
        raise ValueError(f"x_t must have the cache's batch axes {cache.s.shape[:-2]}, got {x_t.shape[:-1]}")
    steps = layer.advance(parameters, x_t[..., None, :], _real_so_far(cache, attention_mask), cache, formulas)
    return steps.y[..., 0, :], formulas.remember(cache, steps)


def decode(
    parameters: SessaParameters,
    x: Any,
    split: int,
    attention_mask: Any = None,
    formulas: Formulas = DEFINITION,
    step_formulas: Formulas | None = None,
) -> Real[Array, "*batch T D"]:
    """The layer's output for x, shape (..., T, D): a prefill of `split` tokens, and the others decoded one by one.

    `attention_mask` and `formulas` are those of `reference.trace`. The steps follow `step_formulas`, where given.

    Raises:
        TypeError, ValueError: `x` or `attention_mask` has the wrong dtype or shape.
        ValueError: `split` is not in 0 .. T.
    """
    step_formulas = formulas if step_formulas is None else step_formulas
    x = layer.as_tokens(parameters.config, x)
    if not 0 <= split <= x.shape[-2]:
        raise ValueError(f"split must be in 0 .. {x.shape[-2]}, the number of tokens, got {split}")
    real = None if attention_mask is None else layer.as_mask(attention_mask, x.shape[:-1])
    of_prompt, of_steps = (None, None) if real is None else (real[..., :split], np.moveaxis(real[..., split:], -1, 0))
    y, cache = prefill(parameters, x[..., :split, :], of_prompt, formulas)
    outputs = [y]
    for step, x_t in enumerate(np.moveaxis(x[..., split:, :], -2, 0)):
        y_t, cache = decode_step(parameters, x_t, cache, None if of_steps is None else of_steps[step], step_formulas)
        outputs.append(y_t[..., None, :])
    return np.concatenate(outputs, axis=-2)


def _real_so_far(cache: Cache, attention_mask: Any) -> Bool[Array, "*batch t"] | None:
    """Which tokens are real, the new one included; None where no mask was given."""
    if attention_mask is None and cache.real is None:
        return None
    past, batch = cache.real, cache.s.shape[:-2]
    if past is None:
        past = np.ones((*batch, cache.length), dtype=bool)
    new = np.ones(batch, dtype=bool) if attention_mask is None else layer.as_mask(attention_mask, batch)
    return np.concatenate([past, new[..., None]], axis=-1)
