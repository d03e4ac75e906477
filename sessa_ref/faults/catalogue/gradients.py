"""Faults of the gradients: the output is right, but a part of the backward pass is missing or wrong."""

import math
from collections.abc import Callable

import numpy as np

from sessa_ref.faults.catalogue.changes import always
from sessa_ref.faults.fault import Fault
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import Formulas, attention


def tanh_gelu_derivative(a: Array) -> Array:
    """The derivative of the tanh approximation of GELU."""
    c = math.sqrt(2 / math.pi)
    tanh = np.tanh(c * (a + 0.044715 * a * a * a))
    return (1 + tanh) / 2 + a / 2 * (1 - tanh * tanh) * c * (1 + 3 * 0.044715 * a * a)


def _through(which: str, change: Callable[[Array], Array]) -> type[Formulas]:
    """The gradient of the output of the linear map `which` becomes change(dz)."""

    class Through(Formulas):
        def linear_gradient(
            self, parameters: SessaParameters, name: str, x: Array, dy: Array
        ) -> tuple[Array, dict[str, Array]]:
            return super().linear_gradient(parameters, name, x, change(dy) if name == which else dy)

    return Through


def _without_gate(dz: Array) -> Array:
    da, dg = np.split(dz, 2, axis=-1)
    return np.concatenate([da, 0 * dg], axis=-1)


class _RoutingDetached(Formulas):
    def feedback_weights_gradient(
        self, alpha: Array, q: Array, k: Array, dout: Array, values: Array
    ) -> tuple[Array, Array]:
        return super().feedback_weights_gradient(alpha, q, k, 0 * dout, values)


class _AttentionDetached(Formulas):
    def forward_weights_gradient(
        self, alpha: Array, q: Array, k: Array, dout: Array, values: Array
    ) -> tuple[Array, Array]:
        return super().forward_weights_gradient(alpha, q, k, 0 * dout, values)


class _SoftmaxMeanMissing(Formulas):
    def feedback_weights_gradient(
        self, alpha: Array, q: Array, k: Array, dout: Array, values: Array
    ) -> tuple[Array, Array]:
        dalpha = dout @ np.swapaxes(values, -1, -2)
        return attention.weights_gradient(alpha, q, k, dalpha, 0 * np.sum(dout, axis=-1))


class _RoutingSignFlipped(Formulas):
    def routing_gradient(self, df: Array) -> Array:
        return -super().routing_gradient(df)


class _GainDetached(Formulas):
    def gain_gradient(self, u: Array, weight: Array, bias: Array, gamma_max: float, dgamma: Array) -> Array:
        return 0 * super().gain_gradient(u, weight, bias, gamma_max, dgamma)


class _SolveNotTransposed(Formulas):
    def backward_substitution(self, B: Array, ds: Array) -> Array:
        return self.forward_substitution(B, ds)


def _one_hop(B: Array, ds: Array) -> Array:
    return ds + np.swapaxes(np.tril(B, k=-1), -1, -2) @ ds


class _ResidualMissing(Formulas):
    def residual_gradient(self, dy: Array, dbranch: Array) -> Array:
        return super().residual_gradient(0 * dy, dbranch)


class _BatchMean(Formulas):
    def over_batch(self, gradient: Array, batch: tuple[int, ...]) -> Array:
        return np.asanyarray(super().over_batch(gradient, batch) / max(math.prod(batch), 1))


def _first_of_group(dz: Array, G: int) -> Array:
    return dz[..., :: dz.shape[-3] // G, :, :]


FAULTS = (
    Fault(
        "GradientRoutingDetached",
        "gradient",
        description="No gradient flows through the feedback weights: proj_fb does not learn.",
        formula="right: dlogit_fb_tj = alpha_fb_tj (dalpha_fb_tj - sum_i alpha_fb_ti dalpha_fb_ti)\n"
        "wrong: dlogit_fb_tj = 0",
        cause="The feedback weights are detached, or computed without gradients.",
        fix="Let dB = lambda s^T flow back through the feedback softmax.",
        formulas=_RoutingDetached,
    ),
    Fault(
        "GradientGainDetached",
        "gradient",
        description="No gradient flows through the gain: gamma_ctx and gamma_bias do not learn.",
        formula="right: dgamma_t = sum over j < t of dB_tj alpha_fb_tj\nwrong: dgamma_t = 0",
        cause="The gain is detached, or computed without gradients.",
        fix="Let dB flow back into gamma.",
        formulas=_GainDetached,
    ),
    Fault(
        "GradientSolveDetached",
        "gradient",
        description="The backward pass treats the solve as the identity.",
        formula="right: df = lambda, dB_tj = <lambda_t, s_j>, (I - B)^T lambda = ds\nwrong: the same with lambda = ds",
        cause="A custom solve whose backward pass returns the incoming gradient unchanged.",
        fix="Solve (I - B)^T lambda = ds.",
        formulas=always(backward_substitution=lambda B, ds: ds),
    ),
    Fault(
        "GradientSolveNotTransposed",
        "gradient",
        description="The backward pass solves the system of the forward pass, not its transpose.",
        formula="right: (I - B)^T lambda = ds\nwrong: (I - B) lambda = ds",
        cause="The forward routine is called again for the backward pass.",
        fix="Solve with the transpose, from the last token to the first.",
        formulas=_SolveNotTransposed,
    ),
    Fault(
        "GradientSolveOneHop",
        "gradient",
        description="The adjoint solve is its series, cut after one hop.",
        formula="right: (I - B)^T lambda = ds\nwrong: lambda = ds + B^T ds",
        cause="The backward pass applies B^T to ds instead of to lambda.",
        fix="Solve (I - B)^T lambda = ds.",
        formulas=always(backward_substitution=_one_hop),
    ),
    Fault(
        "GradientRoutingSignFlipped",
        "gradient",
        description="The gradient of B has the wrong sign.",
        formula="right: dB_tj = <lambda_t, s_j>\nwrong: dB_tj = -<lambda_t, s_j>",
        cause="The gradient of I - B is passed on as that of B.",
        fix="Negate it: d(I - B) = -dB.",
        formulas=_RoutingSignFlipped,
    ),
    Fault(
        "GradientGateDetached",
        "gradient",
        description="No gradient flows through the gate.",
        formula="right: dg = W_out^T dy s\nwrong: dg = 0",
        cause="The gate is detached, or the backward pass of the product returns one factor's gradient only.",
        fix="Give g the gradient of the product: the incoming one times s.",
        formulas=_through("W_in", _without_gate),
    ),
    Fault(
        "GradientNormDetached",
        "gradient",
        description="The norm's mean and variance are constants for the gradient.",
        formula="right: dx = scale (dz - mean(dz) - z mean(z dz)), z the standardised token, dz = dn weight\n"
        "wrong: dx = scale dz",
        cause="The statistics are computed without gradients.",
        fix="Differentiate through mean and variance.",
        formulas=always(standardize_gradient=lambda dstandard, standard, scale: dstandard * scale),
    ),
    Fault(
        "GradientAttentionDetached",
        "gradient",
        description="No gradient flows through the forward weights: q_proj and k_proj do not learn.",
        formula="right: dlogit_tj = alpha_tj (dalpha_tj - sum_i alpha_ti dalpha_ti)\nwrong: dlogit_tj = 0",
        cause="The forward weights are detached, or computed without gradients.",
        fix="Let dalpha flow back through the forward softmax.",
        formulas=_AttentionDetached,
    ),
    Fault(
        "GradientValuesDetached",
        "gradient",
        description="No gradient flows through the values: v_proj does not learn.",
        formula="right: dv_j = sum over t >= j of alpha_tj do_t\nwrong: dv_j = 0",
        cause="The values are detached, or the backward pass of the attention omits them.",
        fix="Let the gradient do flow back into the values.",
        formulas=_through("mixer.v_proj", lambda dv: 0 * dv),
    ),
    Fault(
        "GradientSoftmaxMeanMissing",
        "gradient",
        description="The backward pass of the feedback softmax lacks the term of the normalisation.",
        formula="right: dlogit_fb_tj = alpha_fb_tj (dalpha_fb_tj - sum_i alpha_fb_ti dalpha_fb_ti)\n"
        "wrong: dlogit_fb_tj = alpha_fb_tj dalpha_fb_tj",
        cause="A hand-written softmax gradient that forgets the denominator.",
        fix="Subtract the row's mean of dalpha_fb under alpha_fb.",
        formulas=_SoftmaxMeanMissing,
    ),
    Fault(
        "GradientGainSlopeMissing",
        "gradient",
        description="The backward pass of the gain lacks the slope of tanh.",
        formula="right: dz_t = dgamma_t gamma_max (1 - tanh(z_t)^2), z_t = <w, u_t> + b\n"
        "wrong: dz_t = dgamma_t gamma_max",
        cause="A hand-written gradient of the gain.",
        fix="Multiply by 1 - tanh(z)^2.",
        formulas=always(gain_gradient=lambda u, weight, bias, gamma_max, dgamma: dgamma * gamma_max),
    ),
    Fault(
        "GradientTanhGelu",
        "gradient",
        description="The derivative of GELU is that of its tanh approximation.",
        formula="right: GELU'(a) = Phi(a) + a phi(a)\n"
        "wrong: GELU'(a) = d/da a/2 (1 + tanh(sqrt(2/pi) (a + 0.044715 a^3)))",
        cause="A fused kernel's backward pass for the other GELU.",
        fix="Use the derivative of the exact GELU.",
        formulas=always(gelu_derivative=tanh_gelu_derivative),
    ),
    Fault(
        "GradientResidualMissing",
        "gradient",
        description="The input's gradient lacks the residual's part.",
        formula="right: dx = dy + (what comes through the block)\nwrong: dx = (what comes through the block)",
        cause="The backward pass of the block is written for the branch alone.",
        fix="Add dy to dx.",
        formulas=_ResidualMissing,
    ),
    Fault(
        "GradientBatchMean",
        "gradient",
        description="Parameter gradients are averaged over the batch instead of summed.",
        formula="right: dW = sum over batch rows\nwrong: dW = mean over batch rows",
        cause="A mean over the batch in a hand-written backward pass.",
        fix="Sum over the batch; only the loss may average.",
        formulas=_BatchMean,
    ),
    Fault(
        "GradientGroupsNotSummed",
        "gradient",
        description="Where query heads share a key/value head, only the first of them gives it a gradient.",
        formula="right: dk_g, dv_g = sum over the query heads of group g\n"
        "wrong: dk_g, dv_g = those of its first query head",
        cause="The backward pass of the repetition picks instead of summing.",
        fix="Sum dk and dv over the query heads of each group.",
        formulas=always(sum_groups=_first_of_group),
    ),
    Fault(
        "GradientRotationNotUndone",
        "gradient",
        description="The gradients of queries and keys are not rotated back.",
        formula="right: dq_t = R(-t) d(R(t) q_t), and for k\nwrong: dq_t = d(R(t) q_t), and for k",
        cause="The backward pass starts from the rotated queries and keys.",
        fix="Rotate dq and dk by -theta.",
        formulas=always(rotate_back=lambda dz, theta: dz),
    ),
)
"""Faults of the area "gradient"."""
