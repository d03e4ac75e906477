import pytest
import torch

from experiments.block import Block
from experiments.decoder import Decoder
from experiments.mixers import MIXERS
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaLayer, SessaMixer
from tests.experiments.small import EVERY_MIXER

CONFIG = SessaConfig.published(16, 2)


def decoder(name: str) -> Decoder:
    torch.manual_seed(0)
    return Decoder(CONFIG, MIXERS[name], layers=2, vocabulary=11, answers=5)


@pytest.mark.parametrize("name", EVERY_MIXER)
def test_no_output_depends_on_later_tokens(name):
    model = decoder(name)
    tokens = torch.randint(11, (2, 12), generator=torch.Generator().manual_seed(1))
    changed = tokens.clone()
    changed[:, 7] = (changed[:, 7] + 1) % 11
    with torch.no_grad():
        before, after = model(tokens), model(changed)
    assert torch.equal(before[:, :7], after[:, :7])
    assert all((before[:, t] - after[:, t]).abs().max() > 16 * 2.0**-24 for t in range(7, 12))  # no rounding


def test_a_block_around_sessas_mixer_is_the_sessa_layer():
    torch.manual_seed(0)
    block = Block(CONFIG, SessaMixer(CONFIG))
    layer = SessaLayer.from_config(CONFIG)
    layer.load_state_dict(block.state_dict())
    x = torch.randn(2, 9, 16)
    with torch.no_grad():
        assert torch.equal(block(x), layer(x))


def test_answers_are_the_logits_at_their_positions():
    model = decoder("sessa")
    tokens, positions = torch.randint(11, (3, 8)), torch.tensor([[1, 7], [0, 2], [2, 5]])
    with torch.no_grad():
        rows = torch.arange(3)[:, None]
        found, wanted = model.answers(tokens, positions), model(tokens)[rows, positions]
        n = model.norm(model.states(tokens)[-1][rows, positions])
        # Of either, norm and head round fewer than 64 times in a row, and change a term by that many units at most.
        terms = n.abs() @ model.head.weight.abs().T + model.head.bias.abs()
        assert torch.all((found - wanted).abs() <= 2 * 64 * 2.0**-24 * terms)
