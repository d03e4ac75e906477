"""The decoder that all mixers share: embedding, gated blocks, norm, and a linear map to the answers."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from sessa_ref.config import SessaConfig


class Block(nn.Module):
    """y = x + W_out(mixer(GELU(a)) * g), with (a, g) = W_in(norm(x)): (9) to (13) around any mixer.

    Parameters are named as in `SessaLayer`, which this is if the mixer is a `SessaMixer`.
    """

    def __init__(self, config: SessaConfig, mixer: nn.Module) -> None:
        super().__init__()
        self.ln = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.W_in = nn.Linear(config.width, 2 * config.width)
        self.mixer = mixer
        self.W_out = nn.Linear(config.width, config.width)

    def forward(self, x: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The block's output for x."""
        a, g = self.W_in(self.ln(x)).chunk(2, dim=-1)
        return x + self.W_out(self.mixer(functional.gelu(a)) * g)


class Decoder(nn.Module):
    """From tokens to logits of answers at every position, causally.

    Args:
        config: of the blocks.
        mixer: builds the mixer of a block; see `experiments.mixers`.
        layers: number of blocks.
        vocabulary: number of tokens.
        answers: number of answers.
    """

    def __init__(
        self,
        config: SessaConfig,
        mixer: Callable[[SessaConfig], nn.Module],
        *,
        layers: int,
        vocabulary: int,
        answers: int,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config, mixer(config)) for _ in range(layers))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, answers)

    def forward(self, tokens: Int64[Tensor, "batch T"]) -> Float[Tensor, "batch T answers"]:
        """Logits."""
        return self.head(self.norm(self.states(tokens)[-1]))

    def states(self, tokens: Int64[Tensor, "batch T"]) -> list[Float[Tensor, "batch T D"]]:
        """What each block is given, and what the last one returns."""
        states = [self.embedding(tokens)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states

    def answers(
        self, tokens: Int64[Tensor, "batch T"], queries: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch answers"]:
        """Logits at the query of each sequence."""
        last = self.states(tokens)[-1]
        return self.head(self.norm(last[torch.arange(len(last)), queries]))
