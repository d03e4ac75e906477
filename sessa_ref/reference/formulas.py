"""The formulas of the layer, as an object that every computation takes; by default it is the definition.

Each method is one formula, in the order of the computation. Most name the function that they call. Another layer is a
subclass that overrides a method:

class GainAbsolute(Formulas):
    def gain(self, u, weight, bias, gamma_max):
        return np.abs(super().gain(u, weight, bias, gamma_max))

y = reference.forward(parameters, x, formulas=GainAbsolute())

Subclasses combine by inheritance: `class Both(Later, Earlier)`. No method changes the object, so any number of threads
can share it. A subclass that needs to know where it is used returns another object from `for_tokens`.
"""

from dataclasses import replace

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import attention, feedback, rotary, solve, tokenwise
from sessa_ref.reference.cache import Cache
from sessa_ref.reference.traces import Trace


class Formulas:
    """The formulas of the layer: of the forward pass, of the cache, and of the backward pass."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def for_tokens(self, parameters: SessaParameters, x: Array, past: Cache | None) -> "Formulas":
        """The formulas for tokens x, (..., T, D), of a sequence or of a step after `past`; here always these."""
        return self

    # Token-wise, (9) to (13)

    def normalize(self, parameters: SessaParameters, x: Array) -> Array:
        """The normalised tokens n (9), or x where the config has no norm."""
        if parameters.config.norm != "layernorm":
            return x
        return self.layer_norm(x, parameters["ln.weight"], parameters["ln.bias"], parameters.config.norm_eps)

    def layer_norm(self, x: Array, weight: Array, bias: Array, eps: float) -> Array:
        """Layer norm over the last axis, weight (x - mean)/sqrt(var + eps) + bias."""
        return self.standardize(x, eps)[0] * weight + bias

    def standardize(self, x: Array, eps: float) -> tuple[Array, Array]:
        """(x - mean)/sqrt(var + eps), and 1/sqrt(var + eps): `tokenwise.standardize`."""
        return tokenwise.standardize(x, eps)

    def linear(self, parameters: SessaParameters, name: str, x: Array) -> Array:
        """The linear map `name`, with its bias where the config has one: `tokenwise.linear`."""
        return tokenwise.linear(x, parameters[f"{name}.weight"], parameters.get(f"{name}.bias"))

    def gelu(self, a: Array) -> Array:
        """u from a (11): `tokenwise.gelu`."""
        return tokenwise.gelu(a)

    def gate(self, s: Array, g: Array) -> Array:
        """The states times the gate, element by element (13)."""
        return s * g

    def residual(self, x: Array, branch: Array) -> Array:
        """y from the tokens and what comes through the block (13)."""
        return x + branch

    # Both attentions, (14) to (17)

    def angles(self, config: SessaConfig, positions: Array) -> Array:
        """Rotary angles (15): `rotary.angles`."""
        return rotary.angles(config, positions)

    def rotate(self, z: Array, theta: Array) -> Array:
        """Queries or keys, turned (15): `rotary.rotate`."""
        return rotary.rotate(z, theta)

    def causal_mask(self, T: int, past: int) -> Array:
        """What the forward attention sees: `attention.causal_mask`."""
        return attention.causal_mask(T, past)

    def strictly_causal_mask(self, T: int, past: int) -> Array:
        """What the feedback attention sees: `attention.strictly_causal_mask`."""
        return attention.strictly_causal_mask(T, past)

    def attention_weights(self, q: Array, k: Array, visible: Array) -> Array:
        """The softmax of both attentions: `attention.attention_weights`."""
        return attention.attention_weights(q, k, visible)

    def forward_weights(self, q: Array, k: Array, visible: Array) -> Array:
        """alpha_fwd (15)."""
        return self.attention_weights(q, k, visible)

    def feedback_weights(self, q: Array, k: Array, visible: Array) -> Array:
        """alpha_fb (17)."""
        return self.attention_weights(q, k, visible)

    def repeat_kv(self, z: Array, heads: int) -> Array:
        """The key/value head of every query head: `attention.repeat_kv`."""
        return attention.repeat_kv(z, heads)

    def attend(self, alpha: Array, v: Array) -> Array:
        """The output of the forward attention (16): `attention.attend`."""
        return attention.attend(alpha, v)

    def merge_heads(self, z: Array) -> Array:
        """The heads, concatenated: `attention.merge_heads`."""
        return attention.merge_heads(z)

    # The feedback, (18) to (22)

    def gain_input(self, u: Array) -> Array:
        """What the gain reads: the mixer's input u."""
        return u

    def gain(self, u: Array, weight: Array, bias: Array, gamma_max: float) -> Array:
        """Gamma (18): `feedback.gain`."""
        return feedback.gain(u, weight, bias, gamma_max)

    def routing_matrix(self, gamma: Array, alpha: Array) -> Array:
        """B (19): `feedback.routing_matrix`."""
        return feedback.routing_matrix(gamma, alpha)

    def forward_substitution(self, B: Array, f: Array, past: Array | None = None) -> Array:
        """s from (I - B) s = f, (20) to (22): `solve.forward_substitution`."""
        return solve.forward_substitution(B, f, past)

    def remember(self, past: Cache | None, steps: Trace) -> Cache:
        """The cache after the tokens of `steps`: those of a prefill where `past` is None, else of a decoding step."""
        new = (steps.k_rotated, steps.v, steps.k_fb, steps.s)
        return Cache(*new, real=steps.real) if past is None else replace(past.append(*new), real=steps.real)

    # The backward pass: a d in front of a name is the gradient with respect to it

    def residual_gradient(self, dy: Array, dbranch: Array) -> Array:
        """dx, from dy and from what comes back through the block."""
        return dy + dbranch

    def linear_gradient(
        self, parameters: SessaParameters, name: str, x: Array, dy: Array
    ) -> tuple[Array, dict[str, Array]]:
        """dx of the linear map `name`, and the gradients of its weight and bias: `tokenwise.linear_gradient`."""
        dx, dweight, dbias = tokenwise.linear_gradient(
            x, parameters[f"{name}.weight"], dy, f"{name}.bias" in parameters
        )
        return dx, {f"{name}.weight": dweight} | ({} if dbias is None else {f"{name}.bias": dbias})

    def standardize_gradient(self, dstandard: Array, standard: Array, scale: Array) -> Array:
        """dx of `standardize`, which gave (standard, scale): `tokenwise.standardize_gradient`."""
        return tokenwise.standardize_gradient(dstandard, standard, scale)

    def gelu_derivative(self, a: Array) -> Array:
        """du/da: `tokenwise.gelu_derivative`."""
        return tokenwise.gelu_derivative(a)

    def rotate_back(self, dz: Array, theta: Array) -> Array:
        """The gradient of the argument of `rotate`."""
        return self.rotate(dz, -theta)

    def weights_gradient(self, alpha: Array, q: Array, k: Array, dout: Array, values: Array) -> tuple[Array, Array]:
        """(dq, dk) through out_t = sum_j alpha_tj values_j: `attention.weights_gradient`."""
        dalpha = dout @ np.swapaxes(values, -1, -2)
        return attention.weights_gradient(alpha, q, k, dalpha, self.mean_dalpha(alpha, dout, values))

    def forward_weights_gradient(
        self, alpha: Array, q: Array, k: Array, dout: Array, values: Array
    ) -> tuple[Array, Array]:
        """`weights_gradient` of the forward attention."""
        return self.weights_gradient(alpha, q, k, dout, values)

    def feedback_weights_gradient(
        self, alpha: Array, q: Array, k: Array, dout: Array, values: Array
    ) -> tuple[Array, Array]:
        """`weights_gradient` of the feedback attention."""
        return self.weights_gradient(alpha, q, k, dout, values)

    def mean_dalpha(self, alpha: Array, dout: Array, values: Array) -> Array:
        """sum_j alpha_tj dalpha_tj: `attention.mean_dalpha`."""
        return attention.mean_dalpha(alpha, dout, values)

    def sum_groups(self, dz: Array, G: int) -> Array:
        """The gradient of the argument of `repeat_kv`: `attention.sum_groups`."""
        return attention.sum_groups(dz, G)

    def gain_gradient(self, u: Array, weight: Array, bias: Array, gamma_max: float, dgamma: Array) -> Array:
        """The gradient of the argument of tanh: dgamma gamma_max (1 - tanh^2)."""
        tanh = self.gain(u, weight, bias, gamma_max=1.0)
        return dgamma * gamma_max * (1 - tanh * tanh)

    def routing_gradient(self, df: Array) -> Array:
        """The lambda in dB_tj = <lambda_t, s_j>, from lambda = df."""
        return df

    def backward_substitution(self, B: Array, ds: Array) -> Array:
        """df = lambda from (I - B)^T lambda = ds: `solve.backward_substitution`."""
        return solve.backward_substitution(B, ds, self.forward_substitution)

    def over_batch(self, gradient: Array, batch: tuple[int, ...]) -> Array:
        """A parameter's gradient, from its sum over the rows of a batch of this shape: the sum itself."""
        return gradient


DEFINITION = Formulas()
"""The definition."""
