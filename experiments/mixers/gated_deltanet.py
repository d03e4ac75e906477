"""Gated DeltaNet (arXiv 2412.06464), as `transformers` has it: a matrix that is corrected by every key and value."""

import math

import torch
from torch import nn

from sessa_ref.config import SessaConfig

_STEPS = 1e-3, 1e-1


def gated_deltanet(config: SessaConfig, values: int) -> nn.Module:
    """Head by head, S_t = alpha_t S_(t-1) (I - beta_t k_t k_t^T) + beta_t v_t k_t^T and o_t = S_t q_t / sqrt(D / H).

    A gated norm follows. Queries, keys and values go through a short convolution and SiLU; queries and keys have norm
    1. A query and a key of a head have D / H numbers. The module is `Qwen3NextGatedDeltaNet` of `transformers`, except
    at the start: softplus of the bias in alpha_t = e^(-A softplus(a_t + bias)) is drawn between 0.001 and 0.1, evenly
    on a logarithmic scale, as flash-linear-attention does. `transformers` begins with a bias of 1, with which most
    heads forget a token at the next one.

    The block around it is ours: there is no feed-forward network between two mixers, GELU stands in front, and a second
    gate and a second output projection behind. Weight decay reaches all parameters; the authors leave out A and the bias.

    Args:
        config: width and heads.
        values: numbers in a value of a head.

    Raises:
        ModuleNotFoundError: there is no `transformers`.
    """
    from transformers.models.qwen3_next.configuration_qwen3_next import Qwen3NextConfig
    from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet

    theirs = Qwen3NextConfig(
        hidden_size=config.width,
        num_hidden_layers=1,
        layer_types=["linear_attention"],
        linear_num_key_heads=config.heads,
        linear_num_value_heads=config.heads,
        linear_key_head_dim=config.width // config.heads,
        linear_value_head_dim=values,
    )
    module = Qwen3NextGatedDeltaNet(theirs, 0)
    with torch.no_grad():
        step = torch.empty_like(module.dt_bias).uniform_(*map(math.log, _STEPS)).exp()
        module.dt_bias.copy_(torch.log(torch.expm1(step)))  # softplus of it is the step
    return module
