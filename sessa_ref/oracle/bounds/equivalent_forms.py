"""Other forms of the same map: equal in exact arithmetic, each with rounding errors of its own.

A correct implementation may use any of them, so the bounds have to grant what each of them loses. Orders of
summation are in the rounding model already; a form is listed here where it loses more than that.
"""

from typing import Final

import numpy as np
from jaxtyping import Bool

from sessa_ref.notation import Array, Real, real_dtype
from sessa_ref.reference import DEFINITION, Formulas


def weights_by_log_sum_exp(
    q: Real[Array, "*batch T width"], k: Real[Array, "*batch J width"], visible: Bool[Array, "T J"]
) -> Real[Array, "*batch T J"]:
    """alpha_tj = exp(logit_tj - log sum_i exp logit_ti), as kernels do that keep one number per row.

    The logarithm is as large as the logits, so its rounding error scales the whole row by about 1 + u |logit|; in
    a quotient of exponentials that error cancels.
    """
    scale = 1 / np.sqrt(real_dtype(q).type(q.shape[-1]))
    logits = np.where(visible, (q @ np.swapaxes(k, -1, -2)) * scale, -np.inf)
    sees = visible.any(axis=-1, keepdims=True)
    highest = np.where(sees, np.max(np.real(logits), axis=-1, keepdims=True, initial=-np.inf), 0)
    total = np.sum(np.exp(logits - highest), axis=-1, keepdims=True)
    return np.exp(logits - (highest + np.log(np.where(sees, total, 1))))


def mean_dalpha_from_output(
    alpha: Real[Array, "*batch T T"], dout: Real[Array, "*batch T d"], values: Real[Array, "*batch T d"]
) -> Real[Array, "*batch T"]:
    """sum_j alpha_tj <dout_t, values_j> as <dout_t, sum_j alpha_tj values_j>, from the output that is already there.

    The row's dalpha and their mean then have different rounding errors. Where one weight is nearly 1, the difference of
    the two is made of these errors alone.
    """
    return np.sum(dout * (alpha @ values), axis=-1)


def standardize_in_one_pass(
    x: Real[Array, "*batch D"], eps: float
) -> tuple[Real[Array, "*batch D"], Real[Array, "*batch 1"]]:
    """The layer norm's variance as E[x^2] - E[x]^2, whose rounding error is as large as E[x^2] makes it."""
    D = x.shape[-1]
    mean = np.sum(x, axis=-1, keepdims=True) / D
    variance = np.maximum(np.sum(x * x, axis=-1, keepdims=True) / D - mean * mean, 0)
    scale = 1 / np.sqrt(variance + eps)
    return (x - mean) * scale, scale


def standardize_gradient_in_parts(
    dstandard: Real[Array, "*batch D"], standard: Real[Array, "*batch D"], scale: Real[Array, "*batch 1"]
) -> Real[Array, "*batch D"]:
    """The norm's backward pass as automatic differentiation does it: variance first, then the mean.

    Each part is as large as the scale 1/sqrt(var + eps) makes it; where they cancel, on small tokens and in narrow
    layers, their rounding errors stay.
    """
    D = standard.shape[-1]
    dcentred = dstandard * scale - standard * (np.sum(dstandard * standard, axis=-1, keepdims=True) / D * scale)
    return dcentred - np.sum(dcentred, axis=-1, keepdims=True) / D


class LossyForms(Formulas):
    """The layer in the forms above."""

    def attention_weights(self, q: Array, k: Array, visible: Array) -> Array:
        """`weights_by_log_sum_exp`."""
        return weights_by_log_sum_exp(q, k, visible)

    def mean_dalpha(self, alpha: Array, dout: Array, values: Array) -> Array:
        """`mean_dalpha_from_output`."""
        return mean_dalpha_from_output(alpha, dout, values)

    def standardize(self, x: Array, eps: float) -> tuple[Array, Array]:
        """`standardize_in_one_pass`."""
        return standardize_in_one_pass(x, eps)

    def standardize_gradient(self, dstandard: Array, standard: Array, scale: Array) -> Array:
        """`standardize_gradient_in_parts`."""
        return standardize_gradient_in_parts(dstandard, standard, scale)


class OneSum(LossyForms):
    """The same, with each state as one sum.

    The forward signal is the term that the others are added to one by one. Where the gain is small, partial sums are
    then much larger than what is added. In a whole layer that hides behind other roundings, in a solve it does not.
    """

    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        """s_t = 1 f_t + B_t0 s_0 + ... in one sum."""
        if past is not None:
            return super().forward_substitution(B, f, past)
        s, one = np.empty_like(f), np.empty_like(f[..., :1, 0])
        one[...] = 1
        for t in range(f.shape[-2]):
            factors = np.concatenate([one, B[..., t, :t]], axis=-1)
            s[..., t, :] = np.einsum(
                "...j,...jd->...d", factors, np.concatenate([f[..., t : t + 1, :], s[..., :t, :]], axis=-2)
            )
        return s


class InverseBlocks(LossyForms):
    """The same, with the diagonal blocks of I - B inverted, as kernels do that have products of matrices alone."""

    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        """Block after block, each by the inverse of its own part of I - B."""
        if past is not None:
            return super().forward_substitution(B, f, past)
        s = f[..., :0, :]
        for start in range(0, f.shape[-2], _BLOCK):
            here = slice(start, start + _BLOCK)
            block = B[..., here, here]
            one = np.empty_like(block)
            one[...] = np.eye(block.shape[-1])
            inverse = super().forward_substitution(block, one)
            right = f[..., here, :] + B[..., here, :start] @ s if start else f[..., here, :]
            s = np.concatenate([s, inverse @ right], axis=-2)
        return s


_BLOCK = 64

EQUIVALENTS: Final[tuple[Formulas, ...]] = (DEFINITION, LossyForms())
"""The layer in every form; the first is the definition itself."""

OF_PARTS: Final[tuple[Formulas, ...]] = (DEFINITION, OneSum(), InverseBlocks())
"""The same for the mixer and the solve by themselves."""
