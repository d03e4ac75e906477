"""The mixers that can stand in the decoder: each is built from a `SessaConfig`, and maps u to s of the same shape."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from torch import nn

from experiments.block import Block
from experiments.mixers.controls import AfterConvolution, OneHop, SolveThenRead, WithoutFeedback, constant_gain
from experiments.mixers.gated_linear import GatedLinear
from experiments.mixers.sizes import matched, parameters
from experiments.mixers.transformer import TransformerBlock
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaMixer

Build = Callable[[SessaConfig], nn.Module]


def _without_rotary(build: Build) -> Build:
    return lambda config: build(replace(config, rope=False))


def _gated_linear(config: SessaConfig) -> GatedLinear:
    channels = matched(lambda channels: GatedLinear(config.width, channels), lambda: SessaMixer(config))
    return GatedLinear(config.width, channels)


def _transformer(config: SessaConfig) -> TransformerBlock:
    hidden = matched(lambda hidden: TransformerBlock(config, hidden), lambda: Block(config, SessaMixer(config)))
    return TransformerBlock(config, hidden)


_WITH_ATTENTION: dict[str, Build] = {
    "sessa": SessaMixer,
    "gain-0": WithoutFeedback,
    "sessa-constant-gain": constant_gain,
    "one-hop": OneHop,
    "solve-then-read": SolveThenRead,
    "convolution-sessa": lambda config: AfterConvolution(config, SessaMixer),
    "convolution-gain-0": lambda config: AfterConvolution(config, WithoutFeedback),
    "transformer": _transformer,
}

MIXERS: Final[dict[str, Build]] = {
    **_WITH_ATTENTION,
    **{f"{name}-no-rotary": _without_rotary(build) for name, build in _WITH_ATTENTION.items()},
    "gated-linear": _gated_linear,
}
"""By name: Sessa, its controls and a Transformer's block, with and without rotary embedding, and recurrences.

`transformer` is a whole block, which stands in place of the gated one.
"""

__all__ = ["MIXERS", "parameters"]
