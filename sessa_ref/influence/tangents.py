"""The forward derivative of the whole layer, for many directions at once; derived by hand.

dy for a change dx of the tokens, with everything that depends on them: weights, gains, gate. The derivative of a softmax
row is never formed: with logit_tj = <q_t, k_j>/sqrt(width) and m_t = sum_j alpha_tj v_j,

    sum_j dalpha_tj v_j = sum_j alpha_tj (v_j - m_t) (<dq_t, k_j> + <q_t, dk_j>)/sqrt(width),

one product of matrices for each coordinate of v, however many directions there are.
"""

from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.linalg import solve_triangular

from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import rotary, tokenwise
from sessa_ref.reference.traces import Trace

Directions = Array
"""One change for each token and direction, (n, T, features)."""


def forward_derivative(parameters: SessaParameters, steps: Trace, dx: Any) -> Float64[Array, "n T D"]:
    """dy for n directions dx, at the tokens of `steps`, a trace of one sequence without padding.

    Raises:
        ValueError: the layer has a norm or more than one head, or shapes do not fit.
    """
    config = parameters.config
    if config.norm != "identity" or config.heads != 1:
        raise ValueError(f"the forward derivative is for layers with one head and no norm, got {config}")
    dx = np.asarray(dx, dtype=np.float64)
    if dx.ndim != 3 or dx.shape[1:] != steps.x.shape:
        raise ValueError(f"dx must have shape (n, {', '.join(map(str, steps.x.shape))}), got {dx.shape}")

    def linear(name: str, dz: Directions) -> Directions:
        return dz @ parameters[f"{name}.weight"].T

    da, dg = np.split(linear("W_in", dx), 2, axis=-1)
    du = tokenwise.gelu_derivative(steps.a) * da
    theta = steps.theta
    dq, dk = linear("mixer.q_proj", du), linear("mixer.k_proj", du)
    if theta is not None:
        dq, dk = rotary.rotate(dq, theta), rotary.rotate(dk, theta)
    alpha, q, k, v = steps.alpha_fwd[0], steps.q_rotated[0], steps.k_rotated[0], steps.v[0]
    df = _apply(alpha, linear("mixer.v_proj", du)) + _routing(alpha, q, k, dq, dk, v)

    dq_fb, dk_fb = np.split(linear("mixer.proj_fb", du), 2, axis=-1)
    gamma, alpha_fb, s = steps.gamma[:, None], steps.alpha_fb, steps.s
    slope = config.gamma_max * (1 - (gamma / config.gamma_max) ** 2)
    dgamma = slope * linear("mixer.gamma_ctx", du)
    dBs = dgamma * (alpha_fb @ s) + gamma * _routing(alpha_fb, steps.q_fb, steps.k_fb, dq_fb, dk_fb, s)
    ds = _stacked(lambda z: solve_triangular(np.eye(len(s)) - steps.B, z, lower=True, unit_diagonal=True), df + dBs)
    return dx + linear("W_out", ds * steps.g + s * dg)


def _routing(alpha: Array, q: Array, k: Array, dq: Directions, dk: Directions, v: Array) -> Directions:
    """sum_j dalpha_tj v_j. Differences v_j - m_t are taken first, so that a sharp row loses no digits."""
    result = np.zeros((len(dq), *v.shape))
    if not ((q.any() or k.any()) and (dq.any() or dk.any())):  # no logit changes to first order
        return result
    n, T, width = dk.shape
    keys = np.moveaxis(dk, 1, 0).reshape(T, n * width)
    for d in range(v.shape[-1]):
        if not v[:, d].any():
            continue
        weights = alpha * (v[:, d] - (alpha @ v[:, d])[:, None])
        of_keys = (weights @ keys).reshape(T, n, width) @ q[..., None]
        result[..., d] = np.sum(dq * (weights @ k), axis=-1) + of_keys[..., 0].T
    return result / np.sqrt(width)


def _apply(alpha: Array, z: Directions) -> Directions:
    return _stacked(lambda columns: alpha @ columns, z)


def _stacked(apply: Any, z: Directions) -> Directions:
    """A linear (T, T) operator on every direction, as one product with a column for each; zero columns stay zero."""
    n, T, width = z.shape
    columns = np.moveaxis(z, 1, 0).reshape(T, n * width)
    used = columns.any(axis=0)
    result = np.zeros_like(columns)
    result[:, used] = apply(columns[:, used])
    return np.moveaxis(result.reshape(T, n, width), 0, 1)
