import numpy as np
import torch

from experiments.mixers.gated_linear import GatedLinear
from sessa_ref.influence.selective_ssm import Selection, recurrence


def slow(mixer: GatedLinear, u: np.ndarray) -> np.ndarray:
    """The model in float64, a token and a channel at a time: each channel is a selective state-space model of one mode."""
    weights = {name: value.detach().double().numpy() for name, value in mixer.named_parameters()}
    step = np.logaddexp(0, u @ weights["step.weight"].T + weights["step.bias"])
    value = u @ weights["value.weight"].T + weights["value.bias"]
    one = np.ones((len(u), 1))
    states = [
        recurrence(np.ones(1), Selection(step[:, channel], one, one), value[:, channel : channel + 1])[0]
        for channel in range(step.shape[1])
    ]
    return np.concatenate(states, axis=1) @ weights["out.weight"].T + weights["out.bias"]


def test_it_is_the_selective_state_space_model_channel_by_channel():
    """Within 64 units of float32: T T-fold products of factors below 1 add T roundings of size 2^-24 to values of size 1."""
    torch.manual_seed(0)
    mixer = GatedLinear(6, 5)
    u = torch.randn(3, 40, 6)
    with torch.no_grad():
        fast = mixer(u).numpy()
    for row in range(3):
        exact = slow(mixer, u[row].double().numpy())
        close = 64 * 2.0**-24 * max(1, np.abs(exact).max())
        assert np.abs(fast[row] - exact).max() <= close
        wrong = slow(mixer, u[row].double().numpy()[::-1].copy())[::-1]
        assert np.abs(fast[row] - wrong).max() > close


def test_in_float64_it_agrees_to_rounding():
    """T = 64 roundings, as above."""
    torch.manual_seed(1)
    mixer = GatedLinear(4, 7).double()
    u = torch.randn(1, 64, 4, dtype=torch.float64)
    with torch.no_grad():
        assert np.abs(mixer(u)[0].numpy() - slow(mixer, u[0].numpy())).max() <= 64 * 2.0**-53


def test_channels_remember_for_1_to_256_tokens_at_first():
    mixer = GatedLinear(4, 33)
    steps = torch.nn.functional.softplus(mixer.step.bias.double())
    # softplus(log(expm1(x))) = x, and a step changes by no more, relatively, than the bias does absolutely: the step and
    # expm1 are off by two units each, which log makes at most 1.6 times as large, and log by two units of up to 5.6.
    tolerance = (2 * 1.6 * 2 + 2 * 5.6) * 2.0**-24
    assert torch.allclose(steps[[0, -1]], torch.tensor([1.0, 1 / 256], dtype=torch.float64), rtol=tolerance, atol=0)
