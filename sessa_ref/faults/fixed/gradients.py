"""Faults of the gradients: the output is right, but a part of the backward pass is missing or wrong."""

import math
from collections.abc import Callable

import numpy as np

from sessa_ref.faults.fault import Fault, Replacements, Wrapper, inside
from sessa_ref.faults.fixed.entry import always
from sessa_ref.notation import Array
from sessa_ref.reference import solve, tokenwise


def tanh_gelu_derivative(a: Array) -> Array:
    """The derivative of the tanh approximation of GELU."""
    c = math.sqrt(2 / math.pi)
    tanh = np.tanh(c * (a + 0.044715 * a * a * a))
    return (1 + tanh) / 2 + a / 2 * (1 - tanh * tanh) * c * (1 + 3 * 0.044715 * a * a)


def _in_feedback(name: str, wrapper: Wrapper) -> Replacements:
    """Replace a function where the feedback branch's gradients use it."""
    return {"gradients._feedback": inside(lambda parameters, gradients, steps, df: {name: wrapper})}


def _in_forward(name: str, wrapper: Wrapper) -> Replacements:
    """Replace a function where the forward attention's gradients use it."""
    return {"gradients._forward": inside(lambda parameters, gradients, steps, df: {name: wrapper})}


def _through(name: str, change: Callable[[Array], Array]) -> Replacements:
    """The gradient of the output of the linear map `name` becomes change(dz)."""

    def wrap(original: Callable) -> Callable:
        def linear(parameters, gradients, which, x, dy):
            return original(parameters, gradients, which, x, change(dy) if which == name else dy)

        return linear

    return {"gradients._linear": wrap}


def _nothing(original: Callable) -> Callable:
    return lambda alpha, q, k, dout, values: original(alpha, q, k, 0 * dout, values)


def _without_mean(original: Callable) -> Callable:
    none = {"gradients._mean_dalpha": always(lambda alpha, dout, values: 0 * np.sum(dout, axis=-1))}
    return inside(lambda *arguments: none)(original)


def _without_gate(dz: Array) -> Array:
    da, dg = np.split(dz, 2, axis=-1)
    return np.concatenate([da, 0 * dg], axis=-1)


def _one_hop(B: Array, ds: Array) -> Array:
    return ds + np.swapaxes(np.tril(B, k=-1), -1, -2) @ ds


def _negated_routing(original: Callable) -> Callable:
    return lambda parameters, gradients, steps, df: original(parameters, gradients, steps, -df)


def _constant_statistics(original: Callable) -> Callable:
    def layer_norm(parameters, gradients, x, dn):
        original(parameters, gradients, x, dn)  # records the gradients of weight and bias, which are right
        _, scale = tokenwise.standardize(x, parameters.config.norm_eps)
        return dn * parameters["ln.weight"] * scale

    return layer_norm


def _without_residual(original: Callable) -> Callable:
    def backward(parameters, steps, dy):
        dx, gradients = original(parameters, steps, dy)
        return dx - np.asanyarray(dy), gradients

    return backward


def _batch_mean(original: Callable) -> Callable:
    def backward(parameters, steps, dy):
        dx, gradients = original(parameters, steps, dy)
        rows = max(math.prod(steps.x.shape[:-2]), 1)
        return dx, {name: np.asanyarray(gradient / rows) for name, gradient in gradients.items()}

    return backward


def _first_of_group(z: Array, G: int) -> Array:
    return z[..., :: z.shape[-3] // G, :, :]


FAULTS = (
    Fault(
        "GradientRoutingDetached",
        "gradient",
        departure="No gradient flows through the feedback weights: proj_fb does not learn.",
        formula="right: dlogit_fb_tj = alpha_fb_tj (dalpha_fb_tj - sum_i alpha_fb_ti dalpha_fb_ti)\n"
        "wrong: dlogit_fb_tj = 0",
        cause="The feedback weights are detached, or computed without gradients.",
        fix="Let dB = lambda s^T flow back through the feedback softmax.",
        replacements=_in_feedback("gradients._weights", _nothing),
    ),
    Fault(
        "GradientGainDetached",
        "gradient",
        departure="No gradient flows through the gain: gamma_ctx and gamma_bias do not learn.",
        formula="right: dgamma_t = sum over j < t of dB_tj alpha_fb_tj\nwrong: dgamma_t = 0",
        cause="The gain is detached, or computed without gradients.",
        fix="Let dB flow back into gamma.",
        replacements=_in_feedback("feedback.gain", lambda original: lambda *a, **named: 1 + 0 * original(*a, **named)),
    ),
    Fault(
        "GradientSolveDetached",
        "gradient",
        departure="The backward pass takes the solve for the identity.",
        formula="right: df = lambda, dB_tj = <lambda_t, s_j>, (I - B)^T lambda = ds\nwrong: the same with lambda = ds",
        cause="A custom solve whose backward pass returns its gradient as it came.",
        fix="Solve (I - B)^T lambda = ds.",
        replacements={"solve.backward_substitution": always(lambda B, ds: ds)},
    ),
    Fault(
        "GradientSolveNotTransposed",
        "gradient",
        departure="The backward pass solves the system of the forward pass, not its transpose.",
        formula="right: (I - B)^T lambda = ds\nwrong: (I - B) lambda = ds",
        cause="The forward routine is called again for the backward pass.",
        fix="Solve with the transpose, from the last token to the first.",
        replacements={"solve.backward_substitution": always(lambda B, ds: solve.forward_substitution(B, ds))},
    ),
    Fault(
        "GradientSolveOneHop",
        "gradient",
        departure="The adjoint solve is its series, cut after one hop.",
        formula="right: (I - B)^T lambda = ds\nwrong: lambda = ds + B^T ds",
        cause="The backward pass applies B^T to ds instead of to lambda.",
        fix="Solve (I - B)^T lambda = ds.",
        replacements={"solve.backward_substitution": always(_one_hop)},
    ),
    Fault(
        "GradientRoutingSignFlipped",
        "gradient",
        departure="The gradient of B has the wrong sign.",
        formula="right: dB_tj = <lambda_t, s_j>\nwrong: dB_tj = -<lambda_t, s_j>",
        cause="The gradient of I - B is passed on as that of B.",
        fix="Negate it: d(I - B) = -dB.",
        replacements={"gradients._feedback": _negated_routing},
    ),
    Fault(
        "GradientGateDetached",
        "gradient",
        departure="No gradient flows through the gate.",
        formula="right: dg = W_out^T dy s\nwrong: dg = 0",
        cause="The gate is detached, or the backward pass of the product returns one factor's gradient only.",
        fix="Give g the gradient of the product: the incoming one times s.",
        replacements=_through("W_in", _without_gate),
    ),
    Fault(
        "GradientNormDetached",
        "gradient",
        departure="The norm's mean and variance are constants for the gradient.",
        formula="right: dx = scale (dz - mean(dz) - z mean(z dz)), z the standardised token, dz = dn weight\n"
        "wrong: dx = scale dz",
        cause="The statistics are computed without gradients.",
        fix="Differentiate through mean and variance.",
        replacements={"gradients._layer_norm": _constant_statistics},
    ),
    Fault(
        "GradientAttentionDetached",
        "gradient",
        departure="No gradient flows through the forward weights: q_proj and k_proj do not learn.",
        formula="right: dlogit_tj = alpha_tj (dalpha_tj - sum_i alpha_ti dalpha_ti)\nwrong: dlogit_tj = 0",
        cause="The forward weights are detached, or computed without gradients.",
        fix="Let dalpha flow back through the forward softmax.",
        replacements=_in_forward("gradients._weights", _nothing),
    ),
    Fault(
        "GradientValuesDetached",
        "gradient",
        departure="No gradient flows through the values: v_proj does not learn.",
        formula="right: dv_j = sum over t >= j of alpha_tj do_t\nwrong: dv_j = 0",
        cause="The values are detached, or the backward pass of the attention omits them.",
        fix="Let do flow back into the values.",
        replacements=_through("mixer.v_proj", lambda dv: 0 * dv),
    ),
    Fault(
        "GradientSoftmaxMeanMissing",
        "gradient",
        departure="The backward pass of the feedback softmax lacks the term of the normalisation.",
        formula="right: dlogit_fb_tj = alpha_fb_tj (dalpha_fb_tj - sum_i alpha_fb_ti dalpha_fb_ti)\n"
        "wrong: dlogit_fb_tj = alpha_fb_tj dalpha_fb_tj",
        cause="A hand-written softmax gradient that forgets the denominator.",
        fix="Subtract the row's mean of dalpha_fb under alpha_fb.",
        replacements=_in_feedback("gradients._weights", _without_mean),
    ),
    Fault(
        "GradientGainSlopeMissing",
        "gradient",
        departure="The backward pass of the gain lacks the slope of tanh.",
        formula="right: dz_t = dgamma_t gamma_max (1 - tanh(z_t)^2), z_t = <w, u_t> + b\n"
        "wrong: dz_t = dgamma_t gamma_max",
        cause="A hand-written gradient of the gain.",
        fix="Multiply by 1 - tanh(z)^2.",
        replacements=_in_feedback("feedback.gain", lambda original: lambda *a, **named: 0 * original(*a, **named)),
    ),
    Fault(
        "GradientTanhGelu",
        "gradient",
        departure="The derivative of GELU is that of its tanh approximation.",
        formula="right: GELU'(a) = Phi(a) + a phi(a)\n"
        "wrong: GELU'(a) = d/da a/2 (1 + tanh(sqrt(2/pi) (a + 0.044715 a^3)))",
        cause="A fused kernel's backward pass for the other GELU.",
        fix="Use the derivative of the exact GELU.",
        replacements={"tokenwise.gelu_derivative": always(tanh_gelu_derivative)},
    ),
    Fault(
        "GradientResidualMissing",
        "gradient",
        departure="The input's gradient lacks the residual's part.",
        formula="right: dx = dy + (what comes through the block)\nwrong: dx = (what comes through the block)",
        cause="The backward pass of the block is written for the branch alone.",
        fix="Add dy to dx.",
        replacements={"gradients.backward": _without_residual},
    ),
    Fault(
        "GradientBatchMean",
        "gradient",
        departure="Parameter gradients are averaged over the batch instead of summed.",
        formula="right: dW = sum over batch rows\nwrong: dW = mean over batch rows",
        cause="A mean over the batch in a hand-written backward pass.",
        fix="Sum over the batch; averaging is the loss's affair.",
        replacements={"gradients.backward": _batch_mean},
    ),
    Fault(
        "GradientGroupsNotSummed",
        "gradient",
        departure="Where query heads share a key/value head, only the first of them gives it a gradient.",
        formula="right: dk_g, dv_g = sum over the query heads of group g\n"
        "wrong: dk_g, dv_g = those of its first query head",
        cause="The backward pass of the repetition picks instead of summing.",
        fix="Sum dk and dv over the query heads of each group.",
        replacements={"gradients._sum_groups": always(_first_of_group)},
    ),
    Fault(
        "GradientRotationNotUndone",
        "gradient",
        departure="The gradients of queries and keys are not rotated back.",
        formula="right: dq_t = R(-t) d(R(t) q_t), and for k\nwrong: dq_t = d(R(t) q_t), and for k",
        cause="The backward pass starts from the rotated queries and keys.",
        fix="Rotate dq and dk by -theta.",
        replacements=_in_forward("rotary.rotate", always(lambda z, theta: z)),
    ),
)
"""Faults of the area "gradient"."""
