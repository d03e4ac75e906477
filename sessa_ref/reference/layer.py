"""The whole layer, (9) to (13)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array, Real, as_floats
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import mixer, tokenwise


@dataclass(frozen=True)
class Trace(mixer.MixerTrace):
    """Every intermediate of the layer under its paper name; see `sessa_ref.notation.SYMBOLS`."""

    x: Real[Array, "*batch T D"]
    n: Real[Array, "*batch T D"]
    a: Real[Array, "*batch T D"]
    g: Real[Array, "*batch T D"]
    y: Real[Array, "*batch T D"]


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


def before_mixer(
    parameters: SessaParameters, x: Real[Array, "*batch D"]
) -> tuple[Real[Array, "*batch D"], Real[Array, "*batch D"], Real[Array, "*batch D"], Real[Array, "*batch D"]]:
    """(n, a, g, u): the normalised tokens (9), the two halves of the projection (10) and u = GELU(a) (11)."""
    if parameters.config.norm == "layernorm":
        n = tokenwise.layer_norm(x, parameters["ln.weight"], parameters["ln.bias"], parameters.config.norm_eps)
    else:
        n = x
    a, g = np.split(tokenwise.linear(n, parameters["W_in.weight"], parameters["W_in.bias"]), 2, axis=-1)
    return n, a, g, tokenwise.gelu(a)


def after_mixer(
    parameters: SessaParameters,
    x: Real[Array, "*batch D"],
    s: Real[Array, "*batch D"],
    g: Real[Array, "*batch D"],
) -> Real[Array, "*batch D"]:
    """Y = x + (s g) W_out^T + b_out (13)."""
    return x + tokenwise.linear(s * g, parameters["W_out.weight"], parameters["W_out.bias"])


def trace(parameters: SessaParameters, x: Any) -> Trace:
    """Run the layer on x, shape (..., T, D), and return every intermediate.

    Raises:
        TypeError, ValueError: `x` has the wrong dtype or shape.
    """
    x = as_tokens(parameters.config, x)
    n, a, g, u = before_mixer(parameters, x)
    mixed = mixer.mixer(parameters, u)
    y = after_mixer(parameters, x, mixed.s, g)
    return Trace(**vars(mixed), x=x, n=n, a=a, g=g, y=y)


def forward(parameters: SessaParameters, x: Any) -> Real[Array, "*batch T D"]:
    """The layer's output y for x, both of shape (..., T, D).

    Raises:
        TypeError, ValueError: `x` has the wrong dtype or shape.
    """
    return trace(parameters, x).y
