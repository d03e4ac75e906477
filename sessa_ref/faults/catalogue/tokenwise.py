"""Faults of the token-wise maps: normalisation, input projection, GELU, gate, output projection, residual."""

from collections.abc import Callable

import numpy as np

from sessa_ref.faults.catalogue.changes import always, sigmoid, with_arrays, without
from sessa_ref.faults.catalogue.situation import Situated
from sessa_ref.faults.fault import Fault
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import Formulas


def tanh_gelu(a: Array) -> Array:
    """The tanh approximation of GELU."""
    return a / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a * a * a)))


def sigmoid_gelu(a: Array) -> Array:
    """The sigmoid approximation of GELU."""
    return a * sigmoid(1.702 * a)


def relu(a: Array) -> Array:
    """max(a, 0)."""
    return np.where(np.real(a) > 0, a, 0)


def _norm(change: Callable[[Array, float], Array]) -> type[Formulas]:
    """The layer norm before its affine map is change(x, eps)."""
    return always(layer_norm=lambda x, weight, bias, eps: change(x, eps) * weight + bias)


def _eps(fixed: float) -> type[Formulas]:
    class Eps(Formulas):
        def layer_norm(self, x: Array, weight: Array, bias: Array, eps: float) -> Array:
            with np.errstate(divide="ignore", invalid="ignore"):  # a constant token, without epsilon
                return super().layer_norm(x, weight, bias, fixed)

    return Eps


def _rms_norm(x: Array, eps: float) -> Array:
    return x / np.sqrt(_mean(x * x) + eps)


class _Unbiased(Formulas):
    def layer_norm(self, x: Array, weight: Array, bias: Array, eps: float) -> Array:
        D = x.shape[-1]
        if D == 1:
            return super().layer_norm(x, weight, bias, eps)
        centred = x - _mean(x)
        variance = np.sum(centred * centred, axis=-1, keepdims=True) / (D - 1)
        return centred / np.sqrt(variance + eps) * weight + bias


def _eps_outside(x: Array, eps: float) -> Array:
    centred = x - _mean(x)
    return centred / (np.sqrt(_mean(centred * centred)) + eps)


def _mean(x: Array) -> Array:
    return np.sum(x, axis=-1, keepdims=True) / x.shape[-1]


def _no_affine(parameters: SessaParameters) -> dict[str, Array]:
    if "ln.weight" not in parameters:
        return {}
    return {
        "ln.weight": np.ones_like(parameters["ln.weight"]),
        "ln.bias": np.zeros_like(parameters["ln.bias"]),
    }


def _outputs_of_w_in(order: Callable[[int], Array]) -> type[Formulas]:
    """W_in's outputs come in another order, given as a function of their number."""

    def change(parameters: SessaParameters) -> dict[str, Array]:
        weight, bias = parameters["W_in.weight"], parameters["W_in.bias"]
        index = order(len(bias))
        return {"W_in.weight": weight[index], "W_in.bias": bias[index]}

    return with_arrays(change)


def _gate(change: Callable[[Formulas, Array], Array]) -> type[Formulas]:
    """s is multiplied by change(formulas, g)."""

    class Gate(Formulas):
        def gate(self, s: Array, g: Array) -> Array:
            return super().gate(s, change(self, g))

    return Gate


class _NormalizedResidual(Situated):
    def residual(self, x: Array, branch: Array) -> Array:
        n = self.n
        return super().residual(x if n is None else n, branch)


class _ResidualMissing(Formulas):
    def residual(self, x: Array, branch: Array) -> Array:
        return super().residual(0 * x, branch)


FAULTS = (
    Fault(
        "TanhGelu",
        "token-wise",
        description="GELU is computed by its tanh approximation.",
        formula="right: u = a Phi(a)\nwrong: u = a/2 (1 + tanh(sqrt(2/pi) (a + 0.044715 a^3)))",
        cause='gelu with approximate="tanh" (torch), or the default of jax.nn.gelu.',
        fix='Use the exact GELU: approximate="none" in torch, approximate=False in JAX.',
        formulas=always(gelu=tanh_gelu),
    ),
    Fault(
        "SigmoidGelu",
        "token-wise",
        description="GELU is computed by its sigmoid approximation.",
        formula="right: u = a Phi(a)\nwrong: u = a sigmoid(1.702 a)",
        cause='A "quick GELU" taken over from another model.',
        fix="Use the exact GELU, with the error function.",
        formulas=always(gelu=sigmoid_gelu),
    ),
    Fault(
        "ReluForGelu",
        "token-wise",
        description="The activation is ReLU instead of GELU.",
        formula="right: u = a Phi(a)\nwrong: u = max(a, 0)",
        cause="A default activation of a block that was reused.",
        fix="Use the exact GELU.",
        formulas=always(gelu=relu),
    ),
    Fault(
        "SiluForGelu",
        "token-wise",
        description="The activation is SiLU (swish) instead of GELU.",
        formula="right: u = a Phi(a)\nwrong: u = a sigmoid(a)",
        cause="A gated block of the SwiGLU kind that was reused.",
        fix="Use the exact GELU.",
        formulas=always(gelu=lambda a: a * sigmoid(a)),
    ),
    Fault(
        "GeluMissing",
        "token-wise",
        description="The mixer reads a itself, without GELU.",
        formula="right: u = GELU(a)\nwrong: u = a",
        cause="The activation between the input projection and the mixer was forgotten.",
        fix="Apply GELU to a before the mixer.",
        formulas=always(gelu=lambda a: a),
    ),
    Fault(
        "GeluOnGate",
        "token-wise",
        description="The gate goes through the activation as well.",
        formula="right: y = x + W_out (s g) + b_out\nwrong: y = x + W_out (s GELU(g)) + b_out",
        cause="GELU is applied to the whole output of W_in before it is split.",
        fix="Split first; apply GELU to the first half only.",
        formulas=_gate(lambda formulas, g: formulas.gelu(g)),
    ),
    Fault(
        "SwappedHalves",
        "token-wise",
        description="The first half of W_in's output is the gate, and the second half feeds the mixer.",
        formula="right: (a, g) = W_in n + b_in\nwrong: (g, a) = W_in n + b_in",
        cause="The halves are unpacked in the other order.",
        fix="The first D outputs are a, the last D are g.",
        formulas=_outputs_of_w_in(lambda outputs: np.roll(np.arange(outputs), outputs // 2)),
    ),
    Fault(
        "InterleavedHalves",
        "token-wise",
        description="a takes the even outputs of W_in and g the odd ones.",
        formula="right: a_i = (W_in n + b_in)_i, g_i = (W_in n + b_in)_(D+i)\n"
        "wrong: a_i = (W_in n + b_in)_(2i), g_i = (W_in n + b_in)_(2i+1)",
        cause="A reshape to (..., D, 2) or a stride of 2 instead of two consecutive halves.",
        fix="Split the last axis into two consecutive halves.",
        formulas=_outputs_of_w_in(lambda outputs: np.arange(outputs).reshape(-1, 2).T.ravel()),
    ),
    Fault(
        "NormMissing",
        "token-wise",
        description="The tokens are not normalised.",
        formula="right: n = LayerNorm(x)\nwrong: n = x",
        cause="The norm before the input projection was forgotten, or comes after the residual.",
        fix="Normalise x before W_in.",
        formulas=always(layer_norm=lambda x, weight, bias, eps: x),
    ),
    Fault(
        "RmsNorm",
        "token-wise",
        description="The norm does not subtract the mean.",
        formula="right: n = (x - mean) / sqrt(var + eps) weight + bias\n"
        "wrong: n = x / sqrt(mean(x^2) + eps) weight + bias",
        cause="RMSNorm in place of LayerNorm.",
        fix="Subtract the mean, and divide by the root of the variance.",
        formulas=_norm(_rms_norm),
    ),
    Fault(
        "UnbiasedVariance",
        "token-wise",
        description="The norm's variance is divided by D - 1.",
        formula="right: var = sum (x - mean)^2 / D\nwrong: var = sum (x - mean)^2 / (D - 1)",
        cause="torch.var or torch.std with their default, Bessel's correction.",
        fix="Use the biased variance: correction=0 in torch, ddof=0 in NumPy.",
        formulas=_Unbiased,
    ),
    Fault(
        "EpsOutsideRoot",
        "token-wise",
        description="The norm's epsilon is added to the standard deviation instead of the variance.",
        formula="right: n = (x - mean) / sqrt(var + eps) weight + bias\n"
        "wrong: n = (x - mean) / (sqrt(var) + eps) weight + bias",
        cause="A hand-written norm that divides by std + eps.",
        fix="Add eps under the root.",
        formulas=_norm(_eps_outside),
    ),
    Fault(
        "EpsFixed",
        "token-wise",
        description="The norm's epsilon is 1e-5 whatever the config says.",
        formula="right: sqrt(var + norm_eps)\nwrong: sqrt(var + 1e-5)",
        cause="The norm is built with its default epsilon.",
        fix="Pass the config's ln_eps to the norm.",
        formulas=_eps(1e-5),
    ),
    Fault(
        "EpsMissing",
        "token-wise",
        description="The norm has no epsilon.",
        formula="right: sqrt(var + eps)\nwrong: sqrt(var)",
        cause="A hand-written norm without it.",
        fix="Add eps to the variance.",
        formulas=_eps(0.0),
    ),
    Fault(
        "NormAffineMissing",
        "token-wise",
        description="The norm has no weight and no bias.",
        formula="right: n = (x - mean) / sqrt(var + eps) weight + bias\nwrong: n = (x - mean) / sqrt(var + eps)",
        cause="The norm is built with elementwise_affine=False, or ln.weight and ln.bias are not loaded.",
        fix="Apply ln.weight and ln.bias.",
        formulas=with_arrays(_no_affine),
    ),
    Fault(
        "NormBiasMissing",
        "token-wise",
        description="The norm has no bias.",
        formula="right: n = (x - mean) / sqrt(var + eps) weight + bias\nwrong: n = (x - mean) / sqrt(var + eps) weight",
        cause="The norm is built with bias=False, or ln.bias is not loaded.",
        fix="Apply ln.bias.",
        formulas=without("ln.bias"),
    ),
    Fault(
        "NormalizedResidual",
        "token-wise",
        description="The residual adds the normalised tokens instead of the tokens.",
        formula="right: y = x + W_out (s g) + b_out\nwrong: y = n + W_out (s g) + b_out",
        cause="x is overwritten by the norm before the residual is taken.",
        fix="Keep x for the residual.",
        formulas=_NormalizedResidual,
    ),
    Fault(
        "ResidualMissing",
        "token-wise",
        description="The residual is missing.",
        formula="right: y = x + W_out (s g) + b_out\nwrong: y = W_out (s g) + b_out",
        cause="The residual is left to the caller, as in blocks that return the branch alone.",
        fix="Add x inside the layer.",
        formulas=_ResidualMissing,
    ),
    Fault(
        "OutputBiasMissing",
        "token-wise",
        description="The output projection has no bias.",
        formula="right: y = x + W_out (s g) + b_out\nwrong: y = x + W_out (s g)",
        cause="W_out is built with bias=False, or W_out.bias is not loaded.",
        fix="Add W_out.bias.",
        formulas=without("W_out.bias"),
    ),
    Fault(
        "InputBiasMissing",
        "token-wise",
        description="The input projection has no bias.",
        formula="right: (a, g) = W_in n + b_in\nwrong: (a, g) = W_in n",
        cause="W_in is built with bias=False, or W_in.bias is not loaded.",
        fix="Add W_in.bias.",
        formulas=without("W_in.bias"),
    ),
    Fault(
        "GateMissing",
        "token-wise",
        description="The mixer's output is not gated.",
        formula="right: y = x + W_out (s g) + b_out\nwrong: y = x + W_out s + b_out",
        cause="g is computed and then not used.",
        fix="Multiply s by g, element by element, before W_out.",
        formulas=_gate(lambda formulas, g: 1 + 0 * g),
    ),
    Fault(
        "GateSigmoid",
        "token-wise",
        description="The gate goes through a sigmoid.",
        formula="right: y = x + W_out (s g) + b_out\nwrong: y = x + W_out (s sigmoid(g)) + b_out",
        cause="Gated units usually have a sigmoid.",
        fix="Multiply s by g itself.",
        formulas=_gate(lambda formulas, g: sigmoid(g)),
    ),
    Fault(
        "OutputTransposed",
        "token-wise",
        description="W_out is applied transposed.",
        formula="right: y = x + W_out (s g) + b_out\nwrong: y = x + W_out^T (s g) + b_out",
        cause="The weight is stored as (outputs, inputs) and multiplied as (inputs, outputs); both are D x D.",
        fix="Compute (s g) @ W_out.T with the weight as stored.",
        formulas=with_arrays(lambda parameters: {"W_out.weight": parameters["W_out.weight"].T}),
    ),
)
"""Faults of the area "token-wise"."""
