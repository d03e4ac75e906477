"""The token-wise maps: affine maps, normalisation (9) and the exact GELU (11), and their gradients."""

from typing import Any

import mpmath
import numpy as np
from scipy import special

from sessa_ref.notation import Array, Real, real_dtype


def linear(
    x: Real[Array, "*batch inputs"],
    weight: Real[Array, "outputs inputs"],
    bias: Real[Array, " outputs"] | None = None,
) -> Real[Array, "*batch outputs"]:
    """x W^T + b, the weight stored as (outputs, inputs)."""
    product = x @ weight.T
    return product if bias is None else product + bias


def linear_gradient(
    x: Real[Array, "*batch inputs"],
    weight: Real[Array, "outputs inputs"],
    dy: Real[Array, "*batch outputs"],
    bias: bool,
) -> tuple[Real[Array, "*batch inputs"], Real[Array, "outputs inputs"], Real[Array, " outputs"] | None]:
    """(dx, dweight, dbias) of `linear`, the parameters' summed over the batch; dbias is None without a bias."""
    rows = dy.reshape(-1, weight.shape[0])
    dweight = rows.T @ x.reshape(-1, weight.shape[1])
    dbias = np.sum(rows, axis=0) if bias else None
    return dy @ weight, dweight, dbias


def standardize(x: Real[Array, "*batch D"], eps: float) -> tuple[Real[Array, "*batch D"], Real[Array, "*batch 1"]]:
    """(x - mean)/sqrt(var + eps) over the last axis, with the biased variance, and the scale 1/sqrt(var + eps)."""
    D = x.shape[-1]
    centred = x - np.sum(x, axis=-1, keepdims=True) / D
    large = np.max(np.abs(centred), axis=-1, keepdims=True, initial=0) > 2.0**500
    if np.any(large):  # their squares would overflow, and the result be 0; a power of two changes no digit
        unit = np.where(large, 2.0**-600, 1.0)
        standard, scale = _divided_by_root_mean_square(centred * unit, eps * unit * unit)
        return standard, scale * unit
    return _divided_by_root_mean_square(centred, eps)


def _divided_by_root_mean_square(z: Array, eps: Any) -> tuple[Array, Array]:
    scale = 1 / np.sqrt(np.sum(z * z, axis=-1, keepdims=True) / z.shape[-1] + eps)
    return z * scale, scale


def standardize_gradient(
    dstandard: Real[Array, "*batch D"], standard: Real[Array, "*batch D"], scale: Real[Array, "*batch 1"]
) -> Real[Array, "*batch D"]:
    """The gradient of x from that of `standard`, where (standard, scale) = standardize(x, eps)."""
    D = standard.shape[-1]
    mean = np.sum(dstandard, axis=-1, keepdims=True) / D
    along = np.sum(dstandard * standard, axis=-1, keepdims=True) / D
    return (dstandard - mean - standard * along) * scale


def gelu(a: Real[Array, "*shape"]) -> Real[Array, "*shape"]:
    """The exact GELU, a Phi(a) with Phi the standard normal distribution function; not the tanh form."""
    return a * normal_cdf(a)


def gelu_derivative(a: Real[Array, "*shape"]) -> Real[Array, "*shape"]:
    """Phi(a) + a phi(a), with phi the standard normal density."""
    two_pi = 8 * np.arctan(real_dtype(a).type(1))
    return normal_cdf(a) + a * np.exp(-a * a / 2) / np.sqrt(two_pi)


def normal_cdf(a: Real[Array, "*shape"]) -> Real[Array, "*shape"]:
    """Phi(a) = (1 + erf(a / sqrt 2)) / 2."""
    return (1 + erf(a / np.sqrt(real_dtype(a).type(2)))) / 2


def erf(z: Real[Array, "*shape"]) -> Real[Array, "*shape"]:
    """The error function: SciPy's, or mpmath's in extended precision, which SciPy does not have."""
    if z.dtype in (np.float64, np.complex128):
        return special.erf(z)
    with mpmath.workprec(np.finfo(z.dtype).nmant + 16):
        values = [_to_longdouble(mpmath.erf(_to_mpmath(number))) for number in z.ravel()]
    return np.array(values, dtype=np.longdouble).reshape(z.shape)


# A longdouble is the sum of two doubles; infinity is in the first.
def _to_mpmath(number: Any) -> Any:
    high = float(number)
    return mpmath.mpf(high) + (float(number - high) if np.isfinite(high) else 0)


def _to_longdouble(number: Any) -> np.floating:
    high = float(number)
    return np.longdouble(high) + float(number - high)
