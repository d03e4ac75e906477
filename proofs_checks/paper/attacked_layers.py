"""Layers whose inputs are chosen to make their outputs large, in the definition and in the torch layer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from proofs_checks.torch_layer import layer_of
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.ball_bounds import BallBound, ball_bound
from sessa_ref.influence.worst_inputs import worst_input
from sessa_ref.notation import Array
from sessa_ref.parameters import SessaParameters

LAYERS = {
    "the paper's block, width 3": SessaConfig.paper(3),
    "a published layer, width 8, 4 heads": SessaConfig.published(8, 4, 2),
}

RANDOM = 20
"""Random inputs beside the search, for each layer and radius."""


@dataclass(frozen=True)
class Attacked:
    """A layer on the worst input that was found in a ball.

    Attributes:
        name: the layer, R and T in words.
        parameters: of the layer.
        bound: what holds on the ball.
        x: the worst input.
        output: the largest |y_t| over it and over random inputs.
        tried: number of inputs that the search tried.
    """

    name: str
    parameters: SessaParameters
    bound: BallBound
    x: Array
    output: float
    tried: int

    def stretched(self, T: int) -> Array:
        """The worst input with each token repeated, T tokens in all."""
        return self.x[np.arange(T) * len(self.x) // T]

    def torch_output(self, dtype: torch.dtype, T: int) -> float:
        """The largest |y_t| of the torch layer in `dtype`, on the worst input stretched to T tokens."""
        y = layer_of(self.parameters, dtype)(torch.as_tensor(self.stretched(T)[None], dtype=dtype))
        return float(torch.linalg.vector_norm(y.double(), dim=-1).max())


def attacked_layers(quick: bool) -> Iterator[Attacked]:
    """Each layer on balls of several radii, searched with up to 256 tokens."""
    rng = np.random.default_rng(0)
    for name, config in LAYERS.items():
        parameters = SessaParameters.random(config, 1)
        for R in (1.0,) if quick else (0.3, 1.0, 10.0):
            T = 16 if quick else 256
            x = rng.normal(size=(RANDOM, 16, config.width))
            x *= R / np.linalg.norm(x, axis=-1, keepdims=True)
            found = worst_input(parameters, R, T, starts=1 if quick else 4, steps=3 if quick else 20)
            random = float(np.linalg.norm(reference.forward(parameters, x), axis=-1).max())
            yield Attacked(
                f"{name}, |x_t| <= {R:g}, T = {T}",
                parameters,
                ball_bound(parameters, R, T),
                found.x,
                max(found.output, random),
                found.tried,
            )
