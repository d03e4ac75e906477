"""Causal attention, one head without positions, as a direct-read system: every route from a token has one hop.

With the weights held fixed, the map from values to outputs is the T x T kernel alpha (6), (26). End to end a token also
moves the weights, through its key and, in its own row, through its query: the value path and the routing path.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from sessa_ref.influence.impulse import check_token
from sessa_ref.notation import Array, Real
from sessa_ref.reference import attention
from sessa_ref.theory import causal_attention as bounds


@dataclass(frozen=True)
class CausalAttention:
    """The three maps from tokens to queries, keys and values, stored as (outputs, inputs)."""

    q_weight: Float64[Array, "width D"]
    k_weight: Float64[Array, "width D"]
    v_weight: Float64[Array, "d_v D"]

    @property
    def scale(self) -> float:
        """sigma_k = width^(-1/2), by which products of queries and keys become logits."""
        return len(self.q_weight) ** -0.5

    def forward(self, x: Real[Array, "T D"]) -> Real[Array, "T d_v"]:
        """The outputs y_t, the sum over j <= t of alpha_tj v_j."""
        return attention.attend(kernel(self, x), x @ self.v_weight.T)


class Paths(NamedTuple):
    """A Jacobian's two parts; their sum is the derivative."""

    value: Float64[Array, "T d_v D"]
    """alpha_{t, tau} W_V: the weights stay, the value changes."""
    routing: Float64[Array, "T d_v D"]
    """The values stay, the weights change."""


def kernel(layer: CausalAttention, x: Real[Array, "T D"]) -> Real[Array, "T T"]:
    """alpha_tj, the softmax over j <= t of the logits; rows sum to 1."""
    return attention.attention_weights(x @ layer.q_weight.T, x @ layer.k_weight.T, attention.causal_mask(x.shape[-2]))


def logit_spread(layer: CausalAttention, x: Float64[Array, "T D"]) -> Float64[Array, " T"]:
    """Largest minus smallest logit that row t sees: what Definition 4 bounds in the diffuse regime."""
    logits = (x @ layer.q_weight.T) @ (x @ layer.k_weight.T).T * layer.scale
    visible = attention.causal_mask(len(x))
    return np.where(visible, logits, -np.inf).max(axis=-1) - np.where(visible, logits, np.inf).min(axis=-1)


def jacobian(layer: CausalAttention, x: Float64[Array, "T D"], source: int) -> Paths:
    """The blocks dy_t / dx_tau for all t, as value path and routing path (Definition 3); 0 for t < tau.

    A change of logit (t, j) moves y_t by alpha_tj (v_j - y_t). For t > tau only logit (t, tau) depends on x_tau, through
    the key; at t = tau the query changes all logits of the row as well.

    Raises:
        ValueError: there is no token `source`.
    """
    alpha, key_side = _weights_and_key_side(layer, x, source)
    v = x @ layer.v_weight.T
    y = attention.attend(alpha, v)
    weight = alpha[:, source, None, None]
    routing = weight * (v[source] - y)[:, :, None] * key_side[:, None, :]
    query_side = layer.scale * (x @ layer.k_weight.T) @ layer.q_weight
    routing[source] += np.einsum("j,ji,jk->ik", alpha[source], v - y[source], query_side)
    return Paths(weight * layer.v_weight, routing)


def jacobian_bound(layer: CausalAttention, x: Float64[Array, "T D"], source: int) -> Float64[Array, " T"]:
    """Proposition 10 (i)'s bound on the norm of dy_t / dx_tau, for t > tau; 0 for t <= tau.

    Raises:
        ValueError: there is no token `source`.
    """
    alpha, key_side = _weights_and_key_side(layer, x, source)
    largest_value = float(np.max(np.linalg.norm(x @ layer.v_weight.T, axis=-1)))
    value_norm = float(np.linalg.norm(layer.v_weight, 2))
    bound = bounds.jacobian_bound(alpha[:, source], np.linalg.norm(key_side, axis=-1), value_norm, largest_value)
    return np.where(np.arange(len(x)) > source, bound, 0)


def key_gradient(layer: CausalAttention, x: Float64[Array, "T D"]) -> Float64[Array, "T D"]:
    """The gradient of logit (t, tau) with respect to x_tau through the key, in row t; it is the same for all tau."""
    return layer.scale * (x @ layer.q_weight.T) @ layer.k_weight


def _weights_and_key_side(
    layer: CausalAttention, x: Float64[Array, "T D"], source: int
) -> tuple[Float64[Array, "T T"], Float64[Array, "T D"]]:
    check_token(source, len(x))
    return kernel(layer, x), key_gradient(layer, x)
