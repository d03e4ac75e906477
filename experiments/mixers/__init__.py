"""The mixers that can stand in the decoder: each is built from a `SessaConfig`, and maps u to s of the same shape."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Final

from torch import nn

from experiments.block import Block
from experiments.mixers.controls import AfterConvolution, OneHop, SolveThenRead, WithoutFeedback, constant_gain
from experiments.mixers.deltaformer import DeltaFormer
from experiments.mixers.gated_deltanet import gated_deltanet
from experiments.mixers.gated_linear import GatedLinear
from experiments.mixers.mamba2 import mamba2
from experiments.mixers.mamba3 import Mamba3
from experiments.mixers.sizes import matched, parameters
from experiments.mixers.titans import Titans
from experiments.mixers.transformer import Attention, TransformerBlock
from experiments.mixers.ttt_linear import TTTLinear
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaMixer

Build = Callable[[SessaConfig], nn.Module]


def _without_rotary(build: Build) -> Build:
    return lambda config: build(replace(config, rope=False))


def _like_sessa(build: Callable[[SessaConfig, int], nn.Module]) -> Build:
    """With the size that brings it nearest to the number of parameters of Sessa's mixer."""
    return lambda config: build(config, matched(lambda size: build(config, size), lambda: SessaMixer(config)))


def _from_transformers(build: Build) -> Build:
    def checked(config: SessaConfig) -> nn.Module:
        if find_spec("transformers") is None:
            raise ModuleNotFoundError("this mixer needs transformers, which the extra `transformers` installs")
        return build(config)

    return checked


def _transformer(config: SessaConfig) -> TransformerBlock:
    hidden = matched(lambda hidden: TransformerBlock(config, hidden), lambda: Block(config, SessaMixer(config)))
    return TransformerBlock(config, hidden)


_WITH_ROTARY: dict[str, Build] = {
    "sessa": SessaMixer,
    "gain-0": WithoutFeedback,
    "sessa-constant-gain": constant_gain,
    "one-hop": OneHop,
    "solve-then-read": SolveThenRead,
    "convolution-sessa": lambda config: AfterConvolution(config, SessaMixer),
    "convolution-gain-0": lambda config: AfterConvolution(config, WithoutFeedback),
    "attention": _like_sessa(lambda config, pairs: Attention(config, 2 * pairs)),
    "deltaformer": _like_sessa(lambda config, pairs: DeltaFormer(config, 2 * pairs)),
    "titans": _like_sessa(Titans),
    "ttt-linear": _like_sessa(TTTLinear),
    "transformer": _transformer,
}

_FROM_TRANSFORMERS = {"gated-deltanet": gated_deltanet, "mamba-2": mamba2}

MIXERS: Final[dict[str, Build]] = {
    **_WITH_ROTARY,
    **{f"{name}-no-rotary": _without_rotary(build) for name, build in _WITH_ROTARY.items()},
    "gated-linear": _like_sessa(lambda config, channels: GatedLinear(config.width, channels)),
    "mamba-3": _like_sessa(Mamba3),
    **{name: _from_transformers(_like_sessa(build)) for name, build in _FROM_TRANSFORMERS.items()},
}
"""By name: what has a rotary embedding, with and without it, and recurrences without one.

`transformer` is a whole block, which stands in place of the gated one.
"""

NEED_TRANSFORMERS: Final = tuple(_FROM_TRANSFORMERS)
"""Those that raise ModuleNotFoundError where the package `transformers` is missing."""

__all__ = ["MIXERS", "NEED_TRANSFORMERS", "parameters"]
