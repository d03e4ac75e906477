"""The feedback branch: gain (18) and routing matrix (19)."""

import numpy as np

from sessa_ref.notation import Array, Real


def gain(
    u: Real[Array, "*batch T D"],
    weight: Real[Array, "1 D"],
    bias: Real[Array, ""],
    gamma_max: float,
) -> Real[Array, "*batch T"]:
    """gamma_t = gamma_max tanh(<u_t, w> + b), one number per token, |gamma_t| <= gamma_max."""
    return gamma_max * np.tanh((u @ weight.T)[..., 0] + bias)


def routing_matrix(gamma: Real[Array, "*batch T"], alpha: Real[Array, "*batch T J"]) -> Real[Array, "*batch T J"]:
    """B_tj = gamma_t alpha_tj, strictly lower-triangular because alpha is."""
    return gamma[..., None] * alpha
