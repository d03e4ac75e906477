"""What the theory speaks of, measured in a Sessa layer while it learns; in float64, by the definition."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import nn

from experiments.decoder import Decoder
from sessa_ref import reference
from sessa_ref.influence.hop_shares import by_hops
from sessa_ref.notation import Array
from sessa_ref.optimized import SessaMixer
from sessa_ref.parameters import SessaParameters
from sessa_ref.tasks import Sample
from sessa_ref.theory.diffuse_routing import diffuseness

MOST_HOPS = 3
"""Hops that are told apart; what takes more is added up."""


@dataclass(frozen=True)
class Watched:
    """One layer on some sequences."""

    c2: float
    """The largest t alpha_tj (32) over all rows of all sequences: 1 for uniform rows, up to t for sharp ones."""
    median_c2: float
    """The median over rows t >= 1 of t max_j alpha_tj."""
    gamma_max: float
    """The largest |gamma_t|, t >= 1, that occurs."""
    c2_gamma_max: float
    """c2 gamma_max. Theorem 8 has a bound on the influence of far tokens where it is below 1."""
    rho: float
    """The largest row sum of |B|; Lemma 4.2 bounds the solution by 1 / (1 - rho) times f."""
    mean_gain: float
    """The mean of gamma_t over t >= 1, with its sign."""
    hop_shares: list[float]
    """Where the last answer is due, how much arrives in 0, 1, 2, 3 and more hops if all f are of one size, signs left
    aside: the sums of its row of |B|^k over all tokens, over that of their sum; the mean over sequences."""


def watch(model: Decoder, sample: Sample) -> list[Watched] | None:
    """Each layer of the model on these sequences; None where its mixers have no feedback to be watched."""
    if any(type(block.mixer) is not SessaMixer for block in model.blocks):
        return None
    return [_watch(steps, sample) for steps in traces(model, sample.tokens)]


def traces(model: Decoder, tokens: Int64[Array, "count T"]) -> list[reference.Trace]:
    """What each layer of the model computes on these sequences: in float64, by the definition, from the model's input to it.

    Raises:
        TypeError: a block has another mixer than Sessa's.
    """
    with torch.no_grad():
        inputs = model.states(torch.from_numpy(tokens))
    return [
        reference.trace(layer_of(block), x.double().numpy()) for block, x in zip(model.blocks, inputs, strict=False)
    ]


def layer_of(block: nn.Module) -> SessaParameters:
    """The parameters of a block with a Sessa mixer, as the reference takes them.

    Raises:
        TypeError: the block has another mixer.
    """
    if type(block.mixer) is not SessaMixer:  # one with another gain is a subclass
        raise TypeError(f"block must have a SessaMixer, got {type(block.mixer).__name__}")
    return SessaParameters.from_state_dict(block.state_dict(), block.mixer.config)


def _watch(steps: reference.Trace, sample: Sample) -> Watched:
    c2 = max(diffuseness(alpha) for alpha in steps.alpha_fb)
    gains = np.abs(steps.gamma[:, 1:])
    sizes = np.abs(steps.B)
    visible = np.arange(1, sizes.shape[-1])
    return Watched(
        c2=c2,
        median_c2=float(np.median(visible * steps.alpha_fb[:, 1:].max(axis=-1))),
        gamma_max=float(gains.max()),
        c2_gamma_max=c2 * float(gains.max()),
        rho=float(sizes.sum(axis=-1).max()),
        mean_gain=float(steps.gamma[:, 1:].mean()),
        hop_shares=np.mean(
            [_shares(B, query) for B, query in zip(sizes, sample.positions[:, -1], strict=True)], axis=0
        ).tolist(),
    )


def _shares(sizes: Float64[Array, "T T"], query: int) -> Float64[Array, " hops"]:
    found = by_hops(sizes, int(query), MOST_HOPS)
    arriving = np.array([1.0, *found.parts.sum(axis=1), found.beyond.sum()])
    return arriving / arriving.sum()
