"""Reverse-mode gradients of the whole layer, derived by hand.

Names are those of the trace with a d in front: df is the gradient of the scalar <dy, y> with respect to f.
The heart is the adjoint solve: with lambda = (I - B)^(-T) ds, df = lambda, and dB_tj = <lambda_t, s_j> for
j < t. B is gamma alpha, and alpha is 0 elsewhere, so what comes from j >= t drops out by itself.
"""

from typing import Any

import numpy as np

from sessa_ref.notation import Array, Real, real_dtype
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention, feedback, layer, rotary, solve, tokenwise

Gradients = dict[str, Array]


def vjp(
    parameters: SessaParameters, x: Any, dy: Any, attention_mask: Any = None
) -> tuple[Real[Array, "*batch T D"], Gradients]:
    """Gradients of sum(dy * y) with respect to x and to every parameter.

    Args:
        parameters: the layer.
        x: input tokens, shape (..., T, D).
        dy: the output's cotangent, of x's shape.
        attention_mask: which tokens are real, as for `reference.trace`; at padding dx = dy.

    Returns:
        dx, of x's shape, and one array per parameter under its published name and with its shape, summed
        over the batch.

    Raises:
        TypeError, ValueError: `x`, `dy` or `attention_mask` has the wrong dtype or shape.
    """
    masks = () if attention_mask is None else (attention_mask,)
    return backward(parameters, layer.trace(parameters, x, *masks), dy)


def backward(parameters: SessaParameters, steps: layer.Trace, dy: Any) -> tuple[Real[Array, "*batch T D"], Gradients]:
    """`vjp` from a trace that is already there.

    Raises:
        TypeError, ValueError: `dy` has the wrong dtype or shape.
    """
    dy = layer.as_tokens(parameters.config, dy, "dy")
    if dy.shape != steps.x.shape:
        raise ValueError(f"dy must have x's shape {steps.x.shape}, got {dy.shape}")
    gradients: Gradients = {}
    gated = steps.s * steps.g
    dgated = _linear(parameters, gradients, "W_out", gated, dy)
    du = _mixer(parameters, gradients, steps, dgated * steps.g)
    da = du * tokenwise.gelu_derivative(steps.a)
    dg = dgated * steps.s
    dn = _linear(parameters, gradients, "W_in", steps.n, np.concatenate([da, dg], axis=-1))
    tokens = layer.without_padding(steps.x, steps.real)
    dx = dy + (_layer_norm(parameters, gradients, tokens, dn) if parameters.config.norm == "layernorm" else dn)
    return dx, {name: gradients[name] for name in parameters}


def _mixer(
    parameters: SessaParameters, gradients: Gradients, steps: layer.Trace, ds: Real[Array, "*batch T D"]
) -> Real[Array, "*batch T D"]:
    df = solve.backward_substitution(steps.B, ds)
    return _feedback(parameters, gradients, steps, df) + _forward(parameters, gradients, steps, df)


def _feedback(
    parameters: SessaParameters, gradients: Gradients, steps: layer.Trace, df: Real[Array, "*batch T D"]
) -> Real[Array, "*batch T D"]:
    config = parameters.config
    dgamma = _mean_dalpha(steps.alpha_fb, df, steps.s)
    dq_fb, dk_fb = _weights(steps.alpha_fb, steps.q_fb, steps.k_fb, steps.gamma[..., None] * df, steps.s)
    du = _linear(parameters, gradients, "mixer.proj_fb", steps.u, np.concatenate([dq_fb, dk_fb], axis=-1))

    tanh = feedback.gain(steps.u, parameters["mixer.gamma_ctx.weight"], parameters["mixer.gamma_bias"], gamma_max=1.0)
    dpre = (dgamma * config.gamma_max * (1 - tanh * tanh))[..., None]
    gradients["mixer.gamma_bias"] = np.sum(dpre.reshape(-1, 1), axis=0).reshape(())
    return du + _linear(parameters, gradients, "mixer.gamma_ctx", steps.u, dpre)


def _forward(
    parameters: SessaParameters, gradients: Gradients, steps: layer.Trace, df: Real[Array, "*batch T D"]
) -> Real[Array, "*batch T D"]:
    config = parameters.config
    H, G = config.heads, config.kv_heads
    do = _linear(parameters, gradients, "mixer.out_proj", steps.o, df) if H > 1 else df
    do = attention.split_heads(do, H)
    dv = _sum_groups(np.swapaxes(steps.alpha_fwd, -1, -2) @ do, G)
    k, v = attention.share_groups(steps.k_rotated, H), attention.share_groups(steps.v, H)
    dq, dk = _weights(steps.alpha_fwd, steps.q_rotated, k, do, v)
    dk = _sum_groups(dk, G)
    if steps.theta is not None:
        dq, dk = rotary.rotate(dq, -steps.theta), rotary.rotate(dk, -steps.theta)
    du = [
        _linear(parameters, gradients, f"mixer.{name}", steps.u, attention.merge_heads(gradient))
        for name, gradient in (("q_proj", dq), ("k_proj", dk), ("v_proj", dv))
    ]
    return du[0] + du[1] + du[2]


def _weights(
    alpha: Real[Array, "*batch T T"],
    q: Real[Array, "*batch T width"],
    k: Real[Array, "*batch T width"],
    dout: Real[Array, "*batch T d"],
    values: Real[Array, "*batch T d"],
) -> tuple[Real[Array, "*batch T width"], Real[Array, "*batch T width"]]:
    """(dq, dk) through out_t = sum_j alpha_tj values_j.

    dalpha_tj = <dout_t, values_j>, and through the softmax dlogit_tj = alpha_tj (dalpha_tj - sum_i alpha_ti dalpha_ti).
    """
    dalpha = dout @ np.swapaxes(values, -1, -2)
    dlogits = alpha * (dalpha - _mean_dalpha(alpha, dout, values)[..., None])
    dlogits = dlogits / np.sqrt(real_dtype(q).type(q.shape[-1]))
    return dlogits @ k, np.swapaxes(dlogits, -1, -2) @ q


def _mean_dalpha(
    alpha: Real[Array, "*batch T T"], dout: Real[Array, "*batch T d"], values: Real[Array, "*batch T d"]
) -> Real[Array, "*batch T"]:
    """Sum over j of alpha_tj <dout_t, values_j>: the mean of a row's dalpha, and the gradient of a factor of the row."""
    return np.sum(alpha * (dout @ np.swapaxes(values, -1, -2)), axis=-1)


def _linear(
    parameters: SessaParameters, gradients: Gradients, name: str, x: Array, dy: Array
) -> Real[Array, "*batch inputs"]:
    """Record the gradients of a linear map's weight and bias, and return the gradient of its input."""
    weight = parameters[f"{name}.weight"]
    rows = dy.reshape(-1, weight.shape[0])
    gradients[f"{name}.weight"] = rows.T @ x.reshape(-1, weight.shape[1])
    if f"{name}.bias" in parameters:
        gradients[f"{name}.bias"] = np.sum(rows, axis=0)
    return dy @ weight


def _layer_norm(
    parameters: SessaParameters,
    gradients: Gradients,
    x: Real[Array, "*batch T D"],
    dn: Real[Array, "*batch T D"],
) -> Real[Array, "*batch T D"]:
    D = x.shape[-1]
    standard, scale = tokenwise.standardize(x, parameters.config.norm_eps)
    gradients["ln.weight"] = np.sum((dn * standard).reshape(-1, D), axis=0)
    gradients["ln.bias"] = np.sum(dn.reshape(-1, D), axis=0)
    dstandard = dn * parameters["ln.weight"]
    mean = np.sum(dstandard, axis=-1, keepdims=True) / D
    along = np.sum(dstandard * standard, axis=-1, keepdims=True) / D
    return (dstandard - mean - standard * along) * scale


def _sum_groups(z: Real[Array, "*batch H T width"], G: int) -> Real[Array, "*batch G T width"]:
    """Sum over the query heads that share a key/value head; the adjoint of `share_groups`."""
    *batch, H, T, width = z.shape
    return np.sum(z.reshape(*batch, G, H // G, T, width), axis=-3)
