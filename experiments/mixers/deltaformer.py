"""DeltaFormer (arXiv 2505.19488): attention, whose values are first corrected by those of the tokens that it reads."""

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from experiments.mixers.heads import split_heads
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import feedback_solve


class DeltaFormer(nn.Module):
    """Head by head, u_t = v_t - beta_t sum over j < t of alpha_tj u_j, then causal attention with u in place of v.

    alpha_t is the softmax over j < t of <q_t, k_j> / sqrt(n), n the width of a head: the solve is Sessa's, of
    (I + diag(beta) alpha) u = v, whose gain is -beta. It has the queries and keys of the read, rotated; beta is one
    number for each token and head, a linear map with bias and without bound. Both are as in the layer of
    flash-linear-attention 0.6.0, whose code compares queries with keys in the solve, too, although its docstring speaks of
    keys with keys. The block around it is ours: its GELU stands in front, its gate behind. Heads are wider than D / H, for
    as many parameters as Sessa has.

    Args:
        config: width, heads and rotary embedding.
        head_width: width n of a head, even with rotary embedding.
    """

    def __init__(self, config: SessaConfig, head_width: int) -> None:
        super().__init__()
        self.config = replace(config, kv_heads=0, query_width=head_width)
        inner = config.heads * head_width
        self.qkv = nn.Linear(config.width, 3 * inner, bias=False)
        self.beta = nn.Linear(config.width, config.heads)
        self.out = nn.Linear(inner, config.width, bias=False)

    def forward(self, u: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The outputs for tokens u."""
        q, k, v = split_heads(self.qkv(u), self.config)
        corrected = feedback_solve(q, k, -self.beta(u).mT, v)
        read = functional.scaled_dot_product_attention(q, k, corrected, is_causal=True)
        return self.out(read.transpose(-2, -3).flatten(-2))
