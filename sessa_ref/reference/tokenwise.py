"""The token-wise maps: affine maps, normalisation (9) and the exact GELU (11)."""

import mpmath
import numpy as np
from scipy import special

from sessa_ref.notation import Array, Real


def linear(
    x: Real[Array, "*batch inputs"],
    weight: Real[Array, "outputs inputs"],
    bias: Real[Array, " outputs"] | None = None,
) -> Real[Array, "*batch outputs"]:
    """x W^T + b, the weight stored as (outputs, inputs)."""
    product = x @ weight.T
    return product if bias is None else product + bias


def layer_norm(
    x: Real[Array, "*batch D"], weight: Real[Array, " D"], bias: Real[Array, " D"], eps: float
) -> Real[Array, "*batch D"]:
    """Layer norm over the last axis, with the biased variance: weight (x - mean)/sqrt(var + eps) + bias."""
    return standardize(x, eps)[0] * weight + bias


def standardize(
    x: Real[Array, "*batch D"], eps: float
) -> tuple[Real[Array, "*batch D"], Real[Array, "*batch 1"]]:
    """The layer norm before its affine map, and the scale 1/sqrt(var + eps) that it multiplied by."""
    D = x.shape[-1]
    centred = x - np.sum(x, axis=-1, keepdims=True) / D
    scale = 1 / np.sqrt(np.sum(centred * centred, axis=-1, keepdims=True) / D + eps)
    return centred * scale, scale


def gelu(a: Real[Array, "*shape"]) -> Real[Array, "*shape"]:
    """The exact GELU, a Phi(a) with Phi the standard normal distribution function; not the tanh form."""
    return a * normal_cdf(a)


def gelu_derivative(a: Real[Array, "*shape"]) -> Real[Array, "*shape"]:
    """Phi(a) + a phi(a), with phi the standard normal density."""
    density = np.exp(-a * a / 2) / np.sqrt(2 * _pi(a))
    return normal_cdf(a) + a * density


def normal_cdf(a: Real[Array, "*shape"]) -> Real[Array, "*shape"]:
    """Phi(a) = (1 + erf(a / sqrt 2)) / 2."""
    return (1 + erf(a / np.sqrt(_real_one(a) * 2))) / 2


def erf(z: Real[Array, "*shape"]) -> Real[Array, "*shape"]:
    """The error function; SciPy's, or mpmath's in extended precision, which SciPy does not have."""
    if z.dtype != np.longdouble or np.longdouble is np.float64:
        return special.erf(z)
    with mpmath.workprec(np.finfo(np.longdouble).nmant + 16):
        values = [_to_longdouble(mpmath.erf(_to_mpf(number))) for number in z.ravel()]
    return np.array(values, dtype=np.longdouble).reshape(z.shape)


def _to_mpf(number: np.longdouble) -> mpmath.mpf:
    high = float(number)  # a longdouble is the sum of two doubles; NaN and infinity are in the first
    return mpmath.mpf(high) + (float(number - np.longdouble(high)) if np.isfinite(high) else 0)


def _to_longdouble(number: mpmath.mpf) -> np.longdouble:
    high = float(number)
    return np.longdouble(high) + (np.longdouble(float(number - high)) if np.isfinite(high) else 0)


def _real_one(a: Array) -> np.floating:
    return a.real.dtype.type(1)


def _pi(a: Array) -> np.floating:
    return 4 * np.arctan(_real_one(a))
