import pytest
import torch

from experiments.mixers import MIXERS, parameters
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaMixer

CONFIG = SessaConfig.published(16, 2)


@pytest.mark.parametrize("name", MIXERS)
def test_every_mixer_has_nearly_the_parameters_of_sessa(name):
    """The gated linear one comes as near as a channel more or less would let it."""
    count, wanted = parameters(MIXERS[name](CONFIG)), parameters(SessaMixer(CONFIG))
    assert abs(count - wanted) <= (3 * 16 + 2) / 2
    if name != "gated-linear":
        assert count == wanted


@pytest.mark.parametrize("name", ["gain-0", "gain-0-no-rotary"])
def test_without_feedback_the_solution_is_the_forward_signal(name):
    torch.manual_seed(0)
    mixer = MIXERS[name](CONFIG)
    u = torch.randn(2, 9, 16)
    assert isinstance(mixer, SessaMixer)
    alone = SessaMixer(mixer.config)
    alone.load_state_dict(mixer.state_dict())
    with torch.no_grad():
        assert not torch.allclose(mixer(u), alone(u), atol=1e-3)
        alone.gamma_bias.zero_()
        alone.gamma_ctx.weight.zero_()
        assert torch.equal(mixer(u), alone(u))


def test_only_two_of_the_five_turn_by_position():
    """Of the same tokens, the last one's output depends on the order of those before it with rotary embedding alone."""
    torch.manual_seed(0)
    u = torch.randn(1, 6, 16, dtype=torch.float64)
    swapped = u[:, [1, 0, 2, 3, 4, 5]]
    differs = {}
    for name in ("gain-0", "gain-0-no-rotary"):
        mixer = MIXERS[name](CONFIG).double()
        with torch.no_grad():
            differs[name] = (mixer(u) - mixer(swapped))[0, -1].abs().max().item()
    assert differs["gain-0"] > 1e-3
    # The same sums in another order: fewer than 100 roundings in a row, of terms below 10.
    assert differs["gain-0-no-rotary"] < 100 * 10 * 2.0**-53
