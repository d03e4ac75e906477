"""The decoder that all mixers share: embedding, gated blocks, norm, and a linear map to the answers."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from experiments.block import Block
from experiments.mixers.transformer import TransformerBlock
from sessa_ref.config import SessaConfig


class Decoder(nn.Module):
    """From tokens to logits of answers at every position, causally.

    Args:
        config: of the blocks.
        mixer: builds the mixer of a block, or a `TransformerBlock`; see `experiments.mixers`.
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
        made = (mixer(config) for _ in range(layers))
        self.blocks = nn.ModuleList(one if isinstance(one, TransformerBlock) else Block(config, one) for one in made)
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
        self, tokens: Int64[Tensor, "batch T"], positions: Int64[Tensor, "batch due"]
    ) -> Float[Tensor, "batch due answers"]:
        """Logits at some positions of each sequence."""
        last = self.states(tokens)[-1]
        return self.head(self.norm(last[torch.arange(len(last))[:, None], positions]))
