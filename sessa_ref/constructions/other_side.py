"""The other side: margins of the comparison classes of Proposition 13, given the same token to remember."""

import numpy as np

from sessa_ref.notation import Array


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
