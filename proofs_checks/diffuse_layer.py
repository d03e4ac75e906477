"""A real layer in the diffuse regime: weights so small that its logits are bounded for all tokens of norm at most `RADIUS`.

The bounds come from the weights alone, so they hold for every length of the sequence.
"""

from functools import cache

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import layer
from sessa_ref.reference.traces import Trace

RADIUS = 1.0
WIDTH = 8
GAIN = 0.4


@cache
def diffuse_layer(gamma_max: float = GAIN) -> SessaParameters:
    """One head, no norm, no projection biases, gains up to `gamma_max`; queries and keys of the feedback are alike."""
    config = SessaConfig(
        width=WIDTH, query_width=4, feedback_width=4, gamma_max=gamma_max, norm="identity", projection_bias=False
    )
    drawn = SessaParameters.random(config, seed=3)
    keys = drawn["mixer.proj_fb.weight"][: config.feedback_width]
    return drawn.replace({"mixer.proj_fb.weight": 0.5 * np.concatenate([keys, keys])})


@cache
def uniform_layer() -> SessaParameters:
    """The same without feedback queries and keys, and with a gain that no token changes: uniform routing."""
    diffuse = diffuse_layer()
    silent = {name: np.zeros_like(diffuse[name]) for name in ("mixer.proj_fb.weight", "mixer.gamma_ctx.weight")}
    return diffuse.replace(silent)


def tokens(T: int, rng: np.random.Generator) -> Array:
    """Random tokens of norm at most `RADIUS`."""
    x = rng.normal(size=(T, WIDTH))
    return RADIUS * x / np.linalg.norm(x, axis=1, keepdims=True)


def growing_tokens(T: int) -> Array:
    """Tokens of one direction whose norm grows with the position: their logits have no bound."""
    return 3.0 * np.arange(1, T + 1)[:, None] * np.ones(WIDTH)


def trace(x: Array, gamma_max: float = GAIN) -> Trace:
    """All intermediates of the layer."""
    return layer.trace(diffuse_layer(gamma_max), x)


def logit_spread_bound(branch: str) -> float:
    """Delta from the weights: logits lie within |W_q| |W_k| |a|^2 / sqrt(width) of 0, on either side.

    Args:
        branch: "forward" or "feedback".
    """
    parameters = diffuse_layer()
    width = WIDTH  # the first half of W_in makes a; GELU shrinks
    largest = np.linalg.norm(parameters["W_in.weight"][:width], 2) * RADIUS + np.linalg.norm(
        parameters["W_in.bias"][:width]
    )
    if branch == "forward":
        q, k = parameters["mixer.q_proj.weight"], parameters["mixer.k_proj.weight"]
    else:
        q, k = np.split(parameters["mixer.proj_fb.weight"], 2)
    return float(2 * np.linalg.norm(q, 2) * np.linalg.norm(k, 2) * largest**2 / np.sqrt(len(q)))


def spread(alpha: Array) -> float:
    """The largest logit spread of a row, from its positive weights: logits are their logarithms, up to a constant."""
    logits = [np.log(row[row > 0]) for row in alpha if np.any(row > 0)]
    return float(max((row.max() - row.min() for row in logits), default=0.0))
