"""Padded batches whose right outputs are known: those of the case, wherever its tokens stand.

Padding is put between the tokens of a row, and as many of its last tokens are dropped. The layer is causal, so the
remaining tokens keep their outputs.
"""

import numpy as np
from jaxtyping import Bool, Shaped

from sessa_ref.notation import Array
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.protocol import Layer, PaddedDecoding, Padding, first_line
from sessa_ref.oracle.implementation.uses import Label, Labelled, Use


def layouts(case: Case) -> dict[Use, Bool[Array, "batch T"]]:
    """Masks of real tokens by the use of the layer, rows with different numbers of them."""
    batch, T, _ = case.x.shape
    row, t = np.arange(batch)[:, None], np.arange(T)
    missing = np.array([T // 3, 1, 0])[row % 3].clip(max=T)
    masks = {
        Use.PADDED_LEFT: t >= missing,
        Use.PADDED_RIGHT: t < T - missing,
        Use.PADDED_WITHIN: (t + row) % 3 > 0,
    }
    if batch > 1:
        masks[Use.BESIDE_A_ROW_OF_PADDING] = (row > 0) & (t >= missing)
    # Decoding continues after the last token of the prompt, so padding stands on the left. Steps have no padding.
    masks[Use.PADDED_PROMPT] = t >= missing.clip(max=case.split)
    return masks


def padded(x: Shaped[Array, "batch T D"], real: Bool[Array, "batch T"]) -> Shaped[Array, "batch T D"]:
    """The first tokens of each row at its real places, and other numbers of the same size elsewhere."""
    result = 2 * np.roll(x, 1, axis=2)[:, ::-1]
    for row, tokens, places in zip(result, x, real, strict=True):
        row[places] = tokens[: places.sum()]
    return result


def unpadded(
    y: Shaped[Array, "batch T D"], real: Bool[Array, "batch T"], true: Shaped[Array, "batch T D"]
) -> Shaped[Array, "batch T D"]:
    """Outputs of real tokens back in their order, in an array that holds true values where tokens were dropped."""
    result = true.astype(y.dtype)
    for row, outputs, places in zip(result, y, real, strict=True):
        row[: places.sum()] = outputs[places]
    return result


def padded_outputs(layer: Layer, case: Case, x: Shaped[Array, "batch T D"]) -> Labelled:
    """The outputs for all layouts; none where the layer takes no mask.

    Raises:
        ValueError: it refuses a mask in which all tokens are real, so that it must mean something else.
    """
    if not isinstance(layer, Padding):
        return {}
    try:
        unmasked = layer.forward_padded(x, np.ones(x.shape[:2], dtype=bool))
    except Exception as error:  # whatever the implementation raises
        raise ValueError(
            "it refuses an attention_mask of shape (batch, T), True for real tokens; an argument of another meaning "
            f"needs another name: {first_line(error)}"
        ) from error
    if unmasked is None:
        return {}
    values = {Label("y", Use.ALL_TOKENS_REAL): unmasked}
    for use, real in layouts(case).items():
        is_prompt = use is Use.PADDED_PROMPT
        y = _decoded(layer, case, x, real) if is_prompt else layer.forward_padded(padded(x, real), real)
        if y is not None:
            values[Label("y", use)] = y
    return values


def _decoded(layer: Layer, case: Case, x: Array, real: Array) -> Array | None:
    if not isinstance(layer, PaddedDecoding) or not 0 < case.split < x.shape[1]:
        return None
    tokens, split = padded(x, real), case.split
    y = layer.prefill_padded(tokens[:, :split], real[:, :split], x.shape[1])
    if y is None:
        return None
    steps = [layer.decode_step(tokens[:, t])[:, None] for t in range(split, x.shape[1])]
    return np.concatenate([y, *steps], axis=1)
