import pytest
import torch

from experiments.mixers import MIXERS, parameters
from experiments.settings import Settings
from experiments.training import build
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaMixer
from tests.experiments.small import EVERY_MIXER

CONFIG = SessaConfig.published(16, 2)
ROUNDINGS = 100 * 10
"""Fewer than 100 roundings in a row, of terms below 10; times the unit roundoff, what rounding can change at most."""


@pytest.mark.parametrize("name", EVERY_MIXER)
def test_every_mixer_has_nearly_the_parameters_of_sessa(name):
    """In a model of the width of the kept runs within 1 %: those that have a size come as near as it lets them."""
    count, wanted = (parameters(build(Settings(mixer=mixer))) for mixer in (name, "sessa"))
    assert abs(count - wanted) <= 0.01 * wanted
    if name.removesuffix("-no-rotary") in ("gain-0", "one-hop", "solve-then-read"):
        assert count == wanted


@pytest.mark.parametrize("name", [name for name in MIXERS if f"{name}-no-rotary" in MIXERS])
def test_only_rotary_embedding_is_missing(name):
    """With the same parameters, the first token's output is the same: its angles are 0. Later ones' are others."""
    torch.manual_seed(0)
    mixer, without = MIXERS[name](CONFIG).double(), MIXERS[f"{name}-no-rotary"](CONFIG).double()
    missing = without.load_state_dict(mixer.state_dict(), strict=False)
    assert not missing.missing_keys
    assert all(key.endswith("rope_inv_freq") for key in missing.unexpected_keys)
    u = torch.randn(1, 6, 16, dtype=torch.float64)
    with torch.no_grad():
        differs = (mixer(u) - without(u))[0].abs().amax(dim=-1)
    assert differs[0] < ROUNDINGS * 2.0**-53
    assert differs[2:].min() > ROUNDINGS * 2.0**-24  # not even float32 rounds so much


@pytest.mark.parametrize("name", ["gain-0", "gain-0-no-rotary"])
def test_without_feedback_the_solution_is_the_forward_signal(name):
    torch.manual_seed(0)
    mixer = MIXERS[name](CONFIG)
    u = torch.randn(2, 9, 16)
    assert isinstance(mixer, SessaMixer)
    alone = SessaMixer(mixer.config)
    alone.load_state_dict(mixer.state_dict())
    with torch.no_grad():
        assert (mixer(u) - alone(u)).abs().max() > ROUNDINGS * 2.0**-24
        alone.gamma_bias.zero_()
        alone.gamma_ctx.weight.zero_()
        assert torch.equal(mixer(u), alone(u))


def test_attention_without_rotary_embedding_does_not_see_the_order():
    """Of the same tokens, the last one's output depends on the order of those before it with rotary embedding alone."""
    torch.manual_seed(0)
    u = torch.randn(1, 6, 16, dtype=torch.float64)
    swapped = u[:, [1, 0, 2, 3, 4, 5]]
    differs = {}
    for name in ("gain-0", "gain-0-no-rotary"):
        mixer = MIXERS[name](CONFIG).double()
        with torch.no_grad():
            differs[name] = (mixer(u) - mixer(swapped))[0, -1].abs().max().item()
    assert differs["gain-0"] > ROUNDINGS * 2.0**-24
    assert differs["gain-0-no-rotary"] < ROUNDINGS * 2.0**-53  # the same sums in another order


@pytest.mark.parametrize("name", ["attention", "deltaformer", "titans"])
def test_all_parameters_are_trained_and_as_many_as_sessas(name):
    """Within 1 % of those of Sessa's mixer at the width of the kept runs. The tokens fill two segments of Titans."""
    torch.manual_seed(0)
    config = Settings().config
    mixer = MIXERS[name](config)
    wanted = parameters(SessaMixer(config))
    assert abs(parameters(mixer) - wanted) <= 0.01 * wanted
    mixer(torch.randn(1, 50, config.width)).square().mean().backward()
    for parameter in mixer.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 16 * 2.0**-24  # no rounding of what is 0
