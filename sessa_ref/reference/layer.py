"""The whole layer, (9) to (13)."""

from typing import Any

import numpy as np
from jaxtyping import Bool

from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array, Real, as_array, as_floats
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import mixer
from sessa_ref.reference.cache import Cache
from sessa_ref.reference.formulas import DEFINITION, Formulas
from sessa_ref.reference.traces import Trace


def as_tokens(config: SessaConfig, x: Any, name: str = "x", axes: str = "T D") -> Real[Array, "*batch D"]:
    """`x` as an array that the reference computes with, exactly; see `sessa_ref.notation.as_floats`.

    Raises:
        TypeError: `x` does not hold floating-point numbers, or is a masked array.
        ValueError: `x` lacks the axes named in `axes`, or its last axis is not the width.
    """
    array = as_floats(name, x)
    if array.dtype not in (np.float64, np.longdouble, np.complex128):
        raise TypeError(f"{name} must hold at most longdouble or complex128, got {array.dtype}")
    if array.ndim < len(axes.split()) or array.shape[-1] != config.width:
        wanted = ", ".join(["...", *axes.split()])
        raise ValueError(f"{name} must have shape ({wanted}) with D={config.width}, got {array.shape}")
    return array


def as_mask(attention_mask: Any, shape: tuple[int, ...]) -> Bool[Array, "*batch"]:
    """`attention_mask` as booleans, True for real tokens.

    Raises:
        TypeError: it holds neither booleans nor whole numbers, or is a masked array.
        ValueError: it is no array, has another shape, or other numbers than 0 and 1.
    """
    mask = np.asarray(as_array("attention_mask", attention_mask))
    if mask.dtype != bool and not np.issubdtype(mask.dtype, np.integer):
        raise TypeError(f"attention_mask must hold booleans, or 0 and 1, got {mask.dtype}")
    if mask.shape != shape:
        raise ValueError(f"attention_mask must have shape {shape}, one entry for each token, got {mask.shape}")
    if not np.isin(mask, (0, 1)).all():
        raise ValueError(f"attention_mask must hold booleans, or 0 and 1, got {np.unique(mask)[:5].tolist()}")
    return mask.astype(bool)


def without_padding(x: Real[Array, "*batch D"], real: Bool[Array, "*batch"] | None) -> Real[Array, "*batch D"]:
    """The tokens that the layer computes with: x, and 0 where it is padding, so that a NaN there spoils nothing."""
    return x if real is None else np.where(real[..., None], x, 0)


def before_mixer(
    parameters: SessaParameters, x: Real[Array, "*batch D"], formulas: Formulas
) -> tuple[Real[Array, "*batch D"], Real[Array, "*batch D"], Real[Array, "*batch D"], Real[Array, "*batch D"]]:
    """(n, a, g, u): the normalised tokens (9), the two halves of the projection (10) and u = GELU(a) (11)."""
    n = formulas.normalize(parameters, x)
    a, g = np.split(formulas.linear(parameters, "W_in", n), 2, axis=-1)
    return n, a, g, formulas.gelu(a)


def after_mixer(
    parameters: SessaParameters,
    x: Real[Array, "*batch D"],
    s: Real[Array, "*batch D"],
    g: Real[Array, "*batch D"],
    formulas: Formulas,
) -> Real[Array, "*batch D"]:
    """y = x + (s g) W_out^T + b_out (13)."""
    return formulas.residual(x, formulas.linear(parameters, "W_out", formulas.gate(s, g)))


def advance(
    parameters: SessaParameters,
    x: Real[Array, "*batch T D"],
    real: Bool[Array, "*batch J"] | None,
    past: Cache | None,
    formulas: Formulas,
) -> Trace:
    """The layer on tokens x that follow those in `past`, without checks; for `real` see `mixer.mixer`."""
    tokens = without_padding(x, None if real is None else real[..., real.shape[-1] - x.shape[-2] :])
    formulas = formulas.for_tokens(parameters, tokens, past)
    n, a, g, u = before_mixer(parameters, tokens, formulas)
    mixed = mixer.mixer(parameters, u, real, past, formulas)
    y = after_mixer(parameters, x, mixed.s, g, formulas)
    return Trace(**vars(mixed), x=x, n=n, a=a, g=g, y=y)


def trace(parameters: SessaParameters, x: Any, attention_mask: Any = None, formulas: Formulas = DEFINITION) -> Trace:
    """Run the layer on x, shape (..., T, D), and return every intermediate.

    Padding is given by `attention_mask`, of shape (..., T), booleans or 0 and 1: True or 1 for real tokens. It reads
    nothing and is not read, in both attentions, and positions count real tokens alone, wherever padding stands. So
    every intermediate of a real token is the same as with the padding removed, except along the axes over which tokens
    attend. At padding, n, a, g, u and their projections are those of a token of zeros, f = s = 0, and y = x + b_out.

    Args:
        parameters: the layer.
        x: the tokens.
        attention_mask: which of them are real; None where all are.
        formulas: another layer's, to compute it in place of the definition.

    Raises:
        TypeError, ValueError: `x` or `attention_mask` has the wrong dtype or shape.
    """
    x = as_tokens(parameters.config, x)
    real = None if attention_mask is None else as_mask(attention_mask, x.shape[:-1])
    return advance(parameters, x, real, None, formulas)


def forward(
    parameters: SessaParameters, x: Any, attention_mask: Any = None, formulas: Formulas = DEFINITION
) -> Real[Array, "*batch T D"]:
    """The layer's output y for x, both of shape (..., T, D); `attention_mask` and `formulas` as for `trace`.

    Raises:
        TypeError, ValueError: `x` or `attention_mask` has the wrong dtype or shape.
    """
    return trace(parameters, x, attention_mask, formulas).y
