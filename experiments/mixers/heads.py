"""Queries, keys and values of every head, from one linear map of the tokens."""

from jaxtyping import Float
from torch import Tensor

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import rotary


def split_heads(
    qkv: Float[Tensor, "*batch T three_H_n"], config: SessaConfig
) -> tuple[Float[Tensor, "*batch H T n"], Float[Tensor, "*batch H T n"], Float[Tensor, "*batch H T n"]]:
    """q, k and v, which stand side by side in `qkv`; with `config.rope`, q and k rotated from position 0 on.

    Args:
        qkv: of every token, n numbers for each of H heads, three times.
        config: H, n (`query_width`), and whether to rotate.
    """
    q, k, v = (z.unflatten(-1, (config.heads, -1)) for z in qkv.chunk(3, dim=-1))
    if config.rope:
        turn = rotary.table(config, 0, qkv.shape[-2], qkv.dtype, qkv.device)
        q, k = rotary.rotate(q, turn), rotary.rotate(k, turn)
    return q.transpose(-2, -3), k.transpose(-2, -3), v.transpose(-2, -3)
