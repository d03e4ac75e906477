"""The block of a Transformer: attention, then a small network of its own for every token."""

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from experiments.mixers.heads import split_heads
from sessa_ref.config import SessaConfig


class Attention(nn.Module):
    """Causal attention, heads concatenated and projected: the forward attention of Sessa's mixer, and nothing else.

    Args:
        config: width, heads and rotary embedding; heads have keys and values of their own.
        head_width: width of a head's queries, keys and values, even with rotary embedding; D / H in a Transformer.
    """

    def __init__(self, config: SessaConfig, head_width: int) -> None:
        super().__init__()
        self.config = replace(config, kv_heads=0, query_width=head_width)
        self.qkv = nn.Linear(config.width, 3 * config.heads * head_width)
        self.out = nn.Linear(config.heads * head_width, config.width)

    def forward(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The outputs for tokens u."""
        q, k, v = split_heads(self.qkv(u), self.config)
        return self.out(functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(-2, -3).flatten(-2))


class TransformerBlock(nn.Module):
    """x' = x + attention(norm(x)), then y = x' + W_2 GELU(W_1 norm(x')): the pre-norm block, without a gate.

    The block of arXiv 1706.03762 with the norms in front, as in arXiv 2002.04745, GELU for ReLU and no dropout. Parameters
    are drawn as torch draws them.

    Args:
        config: see `Attention`.
        hidden: width of the network behind attention, 4 D in most Transformers.
    """

    def __init__(self, config: SessaConfig, hidden: int) -> None:
        super().__init__()
        self.ln = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.mixer = Attention(config, config.width // config.heads)
        self.ln_2 = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.W_1 = nn.Linear(config.width, hidden)
        self.W_2 = nn.Linear(hidden, config.width)

    def forward(self, x: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The block's output for x."""
        x = x + self.mixer(self.ln(x))
        return x + self.W_2(functional.gelu(self.W_1(self.ln_2(x))))
