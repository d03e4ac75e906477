import pytest
import torch

from experiments.mixers.transformer import Attention, TransformerBlock
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaMixer
from sessa_ref.optimized.span import Together


@pytest.mark.parametrize("rope", [True, False])
def test_attention_is_the_forward_attention_of_sessas_mixer(rope):
    """But for rounding: four sums in a row of at most 12 products of size 1, on either side."""
    config = SessaConfig(width=12, heads=3, rope=rope)
    torch.manual_seed(0)
    mixer, attention = SessaMixer(config).double(), Attention(config, 4).double()
    u = torch.randn(2, 9, 12, dtype=torch.float64)
    with torch.no_grad():
        for name in ("weight", "bias"):
            parts = [getattr(part, name) for part in (mixer.q_proj, mixer.k_proj, mixer.v_proj)]
            getattr(attention.qkv, name).copy_(torch.cat(parts))
        attention.out.weight.copy_(mixer.state_dict()["out_proj.weight"])
        attention.out.bias.zero_()
        f = mixer.forward_signal(*mixer.forward_projections(u, Together(0, 9)), is_causal=True)
        assert torch.allclose(attention(u), f, rtol=0, atol=2 * 4 * 12 * 12 * 2.0**-53)


def test_the_network_is_added_behind_attention():
    """Without W_2 the block is attention and its residual; and W_2's bias is added to every token."""
    config = SessaConfig(width=12, heads=3)
    torch.manual_seed(0)
    block, x = TransformerBlock(config, 7), torch.randn(2, 9, 12)
    with torch.no_grad():
        whole = block(x)
        block.W_2.weight.zero_()
        block.W_2.bias.fill_(0.5)
        without = block(x)
        assert torch.equal(without, x + block.mixer(block.ln(x)) + 0.5)
        assert (whole - without).abs().max() > 0.1
