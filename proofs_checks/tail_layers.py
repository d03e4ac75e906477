"""Layers whose feedback routing is diffuse, tokens for them, and their Jacobians in torch: for the rows on tails."""

from dataclasses import dataclass, replace
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


def diffuse_layer(
    routing: float = 0.3,
    gain: float = 0.3,
    bias: float = 0.3,
    config: SessaConfig = SessaConfig.paper(4),  # noqa: B008
) -> SessaParameters:
    """A random block, by default one of the paper without norm, made diffuse.

    Args:
        routing: factor of feedback queries and keys; 0 is uniform routing.
        gain: factor of what the gain reads of the token.
        bias: of the gain.
        config: of the block.
    """
    drawn = SessaParameters.random(config, 0)
    return drawn.replace(
        {
            "mixer.proj_fb.weight": routing * drawn["mixer.proj_fb.weight"],
            "mixer.gamma_ctx.weight": gain * drawn["mixer.gamma_ctx.weight"],
            "mixer.gamma_bias": np.array(bias),
        }
    )


def tokens(T: int, radius: float = 1.0, seed: int = 1, width: int = 4) -> Float64[Array, "T D"]:
    """T random tokens of norm `radius`."""
    x = np.random.default_rng(seed).normal(size=(T, width))
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


@dataclass(frozen=True)
class MeasuredLayer:
    """A layer with tokens and a source tau, and what was measured there."""

    name: str
    source: int
    found: Measured
    output_norm: float
    """The spectral norm of W_out."""

    @property
    def lags(self) -> Float64[Array, " later"]:
        """1, 2, ...: the lags of the measured Jacobians."""
        return np.arange(1.0, len(self.found.states) + 1)

    @property
    def targets(self) -> Float64[Array, " later"]:
        """The tokens t of the measured Jacobians."""
        return self.source + self.lags


def measured_layers(evidence: Evidence, cases: int = 4) -> list[MeasuredLayer]:
    """Some layers and sources; the torch layer's Jacobians are compared with the definition's."""
    layers = []
    for name, make, source, T in _CASES[: 1 if evidence.quick else cases]:
        parameters = make()
        found = jacobians_agree(evidence, name, source, 80 if evidence.quick else T)
        norm = float(np.linalg.norm(parameters["W_out.weight"], 2))
        layers.append(MeasuredLayer(f"{name}, source {source}", source, found, norm))
        if make is diffuse_layer and not source:
            guaranteed = replace(found, constants=from_weights(parameters, 1.0))
            layers.append(MeasuredLayer(f"{name}, source 0, constants of the weights", source, guaranteed, norm))
    return layers


def jacobians_agree(evidence: Evidence, name: str = "gain about 0.4", source: int = 0, T: int = 80) -> Measured:
    """Note that Jacobians in torch are those of the definition, for one of the layers by name."""
    one, twin = _both(name, source, T)
    gap = max(np.max(np.abs(a / b - 1)) for a, b in ((one.states, twin.states), (one.outputs, twin.outputs)))
    how = f"Jacobians of states and outputs, torch.func.jacfwd and complex step, lags to {T - 1 - source}"
    evidence.agreement(float(gap), 1e-9, how, f"{name}, source {source}")
    return one


def _larger_gain() -> SessaParameters:
    return diffuse_layer(gain=0.1, bias=1.0)


def _two_heads() -> SessaParameters:
    return diffuse_layer(config=SessaConfig(width=8, heads=2, kv_heads=1, norm="identity"))


_CASES = (
    ("gain about 0.4", diffuse_layer, 0, 1001),
    ("gain about 0.4", diffuse_layer, 30, 1001),
    ("gain about 0.8", _larger_gain, 0, 1001),
    ("two heads, width 8", _two_heads, 0, 301),
)
"""Name, layer, source and number of tokens."""


@cache
def _both(name: str, source: int, T: int) -> tuple[Measured, TorchJacobians]:
    parameters = next(make for other, make, *_ in _CASES if other == name)()
    x = tokens(T, width=parameters.config.width)
    return measure(parameters, x, source), torch_jacobians(parameters, x, source)
