"""Reverse-mode gradients of the whole layer, derived by hand.

Names are those of the trace with a d in front: df is the gradient of the scalar <dy, y> with respect to f.
The heart is the adjoint solve: with lambda = (I - B)^(-T) ds, df = lambda, and dB_tj = <lambda_t, s_j> for
j < t. B is gamma alpha, and alpha is 0 elsewhere, so what comes from j >= t drops out by itself.
"""

from typing import Any

import numpy as np

from sessa_ref.notation import Array, Real
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention, layer
from sessa_ref.reference.formulas import DEFINITION, Formulas
from sessa_ref.reference.traces import FeedbackTrace, MixerTrace, Trace

Gradients = dict[str, Array]


def vjp(
    parameters: SessaParameters, x: Any, dy: Any, attention_mask: Any = None, formulas: Formulas = DEFINITION
) -> tuple[Real[Array, "*batch T D"], Gradients]:
    """Gradients of sum(dy * y) with respect to x and to every parameter.

    Args:
        parameters: the layer.
        x: input tokens, shape (..., T, D).
        dy: the output's cotangent, of x's shape.
        attention_mask: which tokens are real, as for `reference.trace`; at padding dx = dy.
        formulas: another layer's, as for `reference.trace`.

    Returns:
        dx, of x's shape, and one array per parameter under its published name and with its shape, summed
        over the batch.

    Raises:
        TypeError, ValueError: `x`, `dy` or `attention_mask` has the wrong dtype or shape.
    """
    return backward(parameters, layer.trace(parameters, x, attention_mask, formulas), dy, formulas)


def backward(
    parameters: SessaParameters, steps: Trace, dy: Any, formulas: Formulas = DEFINITION
) -> tuple[Real[Array, "*batch T D"], Gradients]:
    """`vjp` from an existing trace.

    Raises:
        TypeError, ValueError: `dy` has the wrong dtype or shape.
    """
    dy = layer.as_tokens(parameters.config, dy, "dy")
    if dy.shape != steps.x.shape:
        raise ValueError(f"dy must have x's shape {steps.x.shape}, got {dy.shape}")
    dx, gradients = _Backward(parameters, steps, formulas).layer(dy)
    batch = steps.x.shape[:-2]
    return dx, {name: formulas.over_batch(gradients[name], batch) for name in parameters}


def mixer_backward(
    parameters: SessaParameters, steps: MixerTrace, ds: Real[Array, "*batch T D"], formulas: Formulas = DEFINITION
) -> tuple[Real[Array, "*batch T D"], Gradients]:
    """Gradients of sum(ds * s) with respect to u and to the mixer's parameters, from a trace of the mixer."""
    backward = _Backward(parameters, steps, formulas)
    du = backward.mixer(ds)
    batch = steps.u.shape[:-2]
    return du, {name: formulas.over_batch(gradient, batch) for name, gradient in backward.gradients.items()}


def routing_backward(
    steps: FeedbackTrace, s: Real[Array, "*batch T D"], df: Real[Array, "*batch T D"], formulas: Formulas
) -> tuple[Real[Array, "*batch T"], Real[Array, "*batch T d_b"], Real[Array, "*batch T d_b"]]:
    """(dgamma, dq_fb, dk_fb) from the adjoint solution df = lambda: what flows back through B."""
    lam = formulas.routing_gradient(df)
    dgamma = formulas.mean_dalpha(steps.alpha_fb, lam, s)
    weighted = steps.gamma[..., None] * lam
    return dgamma, *formulas.feedback_weights_gradient(steps.alpha_fb, steps.q_fb, steps.k_fb, weighted, s)


class _Backward:
    """One backward pass. Each method returns the gradient of what its part reads, and records its parameters'."""

    def __init__(self, parameters: SessaParameters, steps: Any, formulas: Formulas) -> None:
        self.parameters = parameters
        self.config = parameters.config
        self.steps = steps
        self.formulas = formulas
        self.gradients: Gradients = {}

    def layer(self, dy: Real[Array, "*batch T D"]) -> tuple[Real[Array, "*batch T D"], Gradients]:
        """dx, and the gradients of all parameters."""
        steps = self.steps
        gated = steps.s * steps.g
        dgated = self._linear("W_out", gated, dy)
        du = self.mixer(dgated * steps.g)
        da = du * self.formulas.gelu_derivative(steps.a)
        dg = dgated * steps.s
        dn = self._linear("W_in", steps.n, np.concatenate([da, dg], axis=-1))
        dbranch = self._layer_norm(dn) if self.config.norm == "layernorm" else dn
        return self.formulas.residual_gradient(dy, dbranch), self.gradients

    def mixer(self, ds: Real[Array, "*batch T D"]) -> Real[Array, "*batch T D"]:
        """du, and the gradients of the mixer's parameters."""
        df = self.formulas.backward_substitution(self.steps.B, ds)
        return self._feedback(df) + self._forward(df)

    def _feedback(self, df: Real[Array, "*batch T D"]) -> Real[Array, "*batch T D"]:
        steps, formulas, parameters = self.steps, self.formulas, self.parameters
        dgamma, dq_fb, dk_fb = routing_backward(steps, steps.s, df, formulas)
        du = self._linear("mixer.proj_fb", steps.u, np.concatenate([dq_fb, dk_fb], axis=-1))

        weight, bias = parameters["mixer.gamma_ctx.weight"], parameters["mixer.gamma_bias"]
        dpre = formulas.gain_gradient(steps.u, weight, bias, self.config.gamma_max, dgamma)[..., None]
        self.gradients["mixer.gamma_bias"] = np.sum(dpre.reshape(-1, 1), axis=0).reshape(())
        return du + self._linear("mixer.gamma_ctx", steps.u, dpre)

    def _forward(self, df: Real[Array, "*batch T D"]) -> Real[Array, "*batch T D"]:
        steps, formulas = self.steps, self.formulas
        H, G = self.config.heads, self.config.kv_heads
        do = self._linear("mixer.out_proj", steps.o, df) if H > 1 else df
        do = attention.split_heads(do, H)
        dv = formulas.sum_groups(np.swapaxes(steps.alpha_fwd, -1, -2) @ do, G)
        k, v = formulas.repeat_kv(steps.k_rotated, H), formulas.repeat_kv(steps.v, H)
        dq, dk = formulas.forward_weights_gradient(steps.alpha_fwd, steps.q_rotated, k, do, v)
        dk = formulas.sum_groups(dk, G)
        if steps.theta is not None:
            dq, dk = formulas.rotate_back(dq, steps.theta), formulas.rotate_back(dk, steps.theta)
        du = [
            self._linear(f"mixer.{name}", steps.u, formulas.merge_heads(gradient))
            for name, gradient in (("q_proj", dq), ("k_proj", dk), ("v_proj", dv))
        ]
        return du[0] + du[1] + du[2]

    def _linear(self, name: str, x: Array, dy: Array) -> Array:
        dx, gradients = self.formulas.linear_gradient(self.parameters, name, x, dy)
        self.gradients |= gradients
        return dx

    def _layer_norm(self, dn: Real[Array, "*batch T D"]) -> Real[Array, "*batch T D"]:
        D = dn.shape[-1]
        tokens = layer.without_padding(self.steps.x, self.steps.real)
        standard, scale = self.formulas.standardize(tokens, self.config.norm_eps)
        self.gradients["ln.weight"] = np.sum((dn * standard).reshape(-1, D), axis=0)
        self.gradients["ln.bias"] = np.sum(dn.reshape(-1, D), axis=0)
        return self.formulas.standardize_gradient(dn * self.parameters["ln.weight"], standard, scale)
