"""The other side: the comparison classes of Proposition 13, given the same token to remember.

Two margins are for routing in closed form: uniform rows, and a constant step. They are the most even members of their
classes. The stacks are whole networks with weights, tokens and selection of their own, as wide and as deep as one
wants.
"""

from collections.abc import Sequence

import numpy as np

from sessa_ref.influence.causal_attention import CausalAttention
from sessa_ref.influence.jacobian import STEP
from sessa_ref.influence.selective_ssm import SelectiveSSM
from sessa_ref.notation import Array

Layers = Sequence[CausalAttention] | Sequence[SelectiveSSM]
"""A stack with residuals: x -> x + layer(x), layer after layer."""


def attention_margin(depth: int, horizon: int, target: int = 0) -> Array:
    """Scores of the target in a stack of `depth` diffuse attention layers with residuals, for lag = 1 to the horizon.

    Each layer is x_i + the mean of x_0, ..., x_i, uniform rows: the diffuse regime at its most even. The target is chosen
    before, as Sessa's selector does, so that there are no competitors and the scores are the margins.
    """
    T = target + horizon + 1
    x = np.eye(1, T, target)[0]
    for _ in range(depth):
        x = x + np.cumsum(x) / np.arange(1, T + 1)
    return x[target + 1 :]


def ssm_margin(depth: int, horizon: int, step: float = 0.05, target: int = 0) -> Array:
    """The same for a stack of `depth` selective SSM layers whose freeze time fails: h_i = exp(-step) h_{i-1} + x_i.

    `step` is the least discretisation time; it does not fall with the horizon, and so the memory is exponential.
    """
    T = target + horizon + 1
    x = np.eye(1, T, target)[0]
    for _ in range(depth):
        h, state = np.empty(T), 0.0
        for i in range(T):
            state = np.exp(-step) * state + x[i]
            h[i] = state
        x = x + h
    return x[target + 1 :]


def attention_stack(depth: int, width: int, seed: int = 0) -> list[CausalAttention]:
    """Causal attention in the diffuse regime: random queries and keys so small that logits stay below about 1.

    The values' matrices have norm 1, as the residual path.
    """
    rng = np.random.default_rng(seed)
    drawn = [rng.standard_normal((3, width, width)) for _ in range(depth)]
    return [CausalAttention(0.3 * q, 0.3 * k, v / np.linalg.norm(v, 2)) for q, k, v in drawn]


def state_space_stack(depth: int, width: int, seed: int = 0) -> list[SelectiveSSM]:
    """Selective state-space models with failed freeze time: rates 0.05 and 0.2, steps about 0.7 that no token brings near 0."""
    rng = np.random.default_rng(seed)
    rates = np.array([0.05, 0.2])
    drawn = [(rng.standard_normal(width), rng.standard_normal((2, 2, width))) for _ in range(depth)]
    return [SelectiveSSM(rates, 0.2 * step, 0.0, *(0.1 * maps)) for step, maps in drawn]


def largest_scores(stack: Layers, x: Array, target: int = 0) -> Array:
    """The norms of dG_t/dx_target of a whole stack at tokens x, (T, D), for lag = 1, 2, ...; exact, by complex steps.

    No margin is larger, whatever the probes are, and however few competitors there are (the proof of Proposition 13).
    """
    columns = []
    for direction in np.eye(x.shape[1]):
        moved = x.astype(complex)
        moved[target] += STEP * 1j * direction
        for layer in stack:
            moved = moved + layer.forward(moved)
        columns.append(np.imag(moved) / STEP)
    return np.linalg.norm(np.stack(columns, axis=-1), ord=2, axis=(-2, -1))[target + 1 :]
