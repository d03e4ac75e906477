"""A model that is made and run in milliseconds, in float64, and its rounding."""

import torch
from torch import Tensor

from sessa_ref.language_model import SessaForCausalLM, SessaModelConfig


def small(seed: int = 0, **fields) -> SessaForCausalLM:
    torch.manual_seed(seed)
    sizes = {"vocab_size": 11, "hidden_size": 12, "num_attention_heads": 2, "num_key_value_heads": 1, "pad_token_id": 0}
    return SessaForCausalLM(SessaModelConfig(**{**sizes, **fields})).double().eval()


def rounding(model: SessaForCausalLM, ids: Tensor) -> float:
    """What an order of operations may change in float64: 16 times what float32 does, which shows the condition."""
    wide = model(ids).logits
    narrow = model.float()(ids).logits
    model.double()
    return 16 * (narrow - wide).abs().max().item() * 2.0**-29
