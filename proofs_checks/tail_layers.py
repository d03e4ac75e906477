"""Layers whose feedback routing is diffuse, tokens for them, and their Jacobians in torch: for the rows on tails."""

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64

from proofs_checks.evidence import Evidence
from proofs_checks.torch_layer import layer_of
from sessa_ref.config import SessaConfig
from sessa_ref.influence.tail_constants import Measured, from_weights, measure
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters


def diffuse_layer(routing: float = 0.3, gain: float = 0.3, bias: float = 0.3, seed: int = 0) -> SessaParameters:
    """A random block of the paper, D = 4, norm = identity, made diffuse: `routing` scales feedback queries and keys.

    Args:
        routing: factor of feedback queries and keys; 0 is uniform routing.
        gain: factor of what the gain reads of the token.
        bias: of the gain.
        seed: of the weights.
    """
    drawn = SessaParameters.random(SessaConfig.paper(4), seed)
    return drawn.replace(
        {
            "mixer.proj_fb.weight": routing * drawn["mixer.proj_fb.weight"],
            "mixer.gamma_ctx.weight": gain * drawn["mixer.gamma_ctx.weight"],
            "mixer.gamma_bias": np.array(bias),
        }
    )


def tokens(T: int, radius: float = 1.0, seed: int = 1) -> Float64[Array, "T D"]:
    """T random tokens of norm `radius`, width 4."""
    x = np.random.default_rng(seed).normal(size=(T, 4))
    return radius * x / np.linalg.norm(x, axis=-1, keepdims=True)


class TorchJacobians(NamedTuple):
    """Operator norms of Jacobian blocks for all t after the source."""

    states: Float64[Array, " later"]
    """|ds_t / dx_tau|."""
    outputs: Float64[Array, " later"]
    """|dy_t / dx_tau|."""


def torch_jacobians(parameters: SessaParameters, x: Float64[Array, "T D"], source: int) -> TorchJacobians:
    """Jacobians of the torch layer's states and outputs, by `torch.func.jacfwd`, routing included."""
    layer, given = layer_of(parameters), torch.tensor(x)

    def run(token: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        moved = torch.cat([given[:source], token[None], given[source + 1 :]])[None]
        a, _ = layer.W_in(moved).chunk(2, dim=-1)
        return layer.mixer(torch.nn.functional.gelu(a))[0], layer(moved)[0]

    blocks = torch.func.jacfwd(run)(given[source])
    return TorchJacobians(*(np.linalg.norm(block.numpy()[source + 1 :], ord=2, axis=(-2, -1)) for block in blocks))


def measured_layers(evidence: Evidence, cases: int = 3) -> list[tuple[str, Measured, np.ndarray]]:
    """(name, measured, lags) for layers and sources, the torch layer's Jacobians compared with the definition's."""
    found = []
    for name, routing, source in _CASES[: 1 if evidence.quick else cases]:
        T = 80 if evidence.quick else 1001
        one, twin = _both(routing, source, T)
        gap = max(np.max(np.abs(a / b - 1)) for a, b in ((one.states, twin.states), (one.outputs, twin.outputs)))
        how = f"Jacobians of states and outputs, torch.func.jacfwd and complex step, lags to {T - 1 - source}"
        evidence.agreement(float(gap), 1e-9, how, f"{name}, source {source}")
        lags = np.arange(1, T - source)
        found.append((f"{name}, source {source}", one, lags))
        if routing == _CASES[0][1] and not source:
            guaranteed = replace(one, constants=from_weights(diffuse_layer(*routing), 1.0))
            found.append((f"{name}, source {source}, constants of the weights", guaranteed, lags))
    return found


_CASES = (
    ("gain about 0.4", (0.3, 0.3, 0.3), 0),
    ("gain about 0.4", (0.3, 0.3, 0.3), 30),
    ("gain about 0.8", (0.3, 0.1, 1.0), 0),
)
"""Layers, by the arguments of `diffuse_layer`, with a source."""


@cache
def _both(routing: tuple[float, float, float], source: int, T: int) -> tuple[Measured, TorchJacobians]:
    layer, x = diffuse_layer(*routing), tokens(T)
    return measure(layer, x, source), torch_jacobians(layer, x, source)
