"""Mamba-3 against recurrences in float64, a token and a head at a time, and what its state can hold."""

import math

import numpy as np
import pytest
import torch

from experiments.mixers.mamba3 import Mamba3
from sessa_ref.config import SessaConfig

CONFIG = SessaConfig(width=8, heads=2)
TURNING = 3
T = 130  # two chunks of 64 and two tokens more


def some_mixer() -> Mamba3:
    """Steps of about 0.05 and 1, and parameters that are all different."""
    torch.manual_seed(0)
    mixer = Mamba3(CONFIG, TURNING).double()
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        mixer.dt_bias.copy_(torch.tensor([-3.0, 0.5]))
    return mixer


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Given:
    """What the tokens u ask for, in float64: numbers for each token and head, b and c as complex numbers, pair by pair."""

    def __init__(self, mixer: Mamba3, u: np.ndarray) -> None:
        weights = {name: value.detach().double().numpy() for name, value in mixer.named_parameters()}
        parts = np.split(u @ weights["in_proj.weight"].T, np.cumsum(mixer.parts)[:-1], axis=-1)
        z, x, b, c, dt, a, share, self.theta = parts
        heads = weights["D"].size
        self.gate, self.out, self.skip = z * sigmoid(z), weights["out_proj.weight"], weights["D"]
        self.x = x.reshape(len(u), heads, -1)
        self.step = np.logaddexp(0, dt + weights["dt_bias"])
        self.rate = -np.maximum(np.logaddexp(0, a), 1e-4)
        self.share = sigmoid(share)
        self.b, self.c = (
            (v / np.sqrt((v**2).mean(axis=-1, keepdims=True) + 1e-5) * weights[f"{name}_norm.weight"])[:, None]
            + weights[f"{name}_bias"]
            for name, v in (("B", b), ("C", c))
        )

    def outputs(self, y: np.ndarray) -> np.ndarray:
        return ((y + self.skip[:, None] * self.x).reshape(len(y), -1) * self.gate) @ self.out.T


def complex_recurrence(given: Given) -> tuple[np.ndarray, float, float]:
    """The outputs; the largest sum of the sizes of what an output adds up; the largest sum of exponents and angles.

    The state is complex, and turns by itself; b and c stay as they are.
    """
    b, c = (v[..., ::2] + 1j * v[..., 1::2] for v in (given.b, given.c))
    turn = np.zeros(b.shape)
    turn[..., : given.theta.shape[-1]] = given.step[..., None] * np.pi * np.tanh(given.theta)[:, None]
    alpha = np.exp(given.step * given.rate)
    y, sizes = np.zeros_like(given.x), np.zeros_like(given.x)
    for head in range(given.x.shape[1]):
        h = size = written = np.zeros((given.x.shape[-1], b.shape[-1]))
        for t in range(len(y)):
            late = (1 - given.share[t, head]) * given.step[t, head] * written
            written = np.outer(given.x[t, head], b[t, head])
            own = given.share[t, head] * given.step[t, head] * written
            h = alpha[t, head] * np.exp(-1j * turn[t, head]) * (h + late) + own
            size = alpha[t, head] * (size + abs(late)) + abs(own)
            y[t, head] = (h @ c[t, head].conj()).real
            sizes[t, head] = size @ abs(c[t, head])
    added = (sizes + abs(given.skip[:, None] * given.x)).reshape(len(y), -1) * abs(given.gate) @ abs(given.out).T
    largest = (given.step[..., None] * abs(given.rate)[..., None] + abs(turn)).sum(axis=0).max()
    return given.outputs(y), added.max(), largest


def test_it_is_the_recurrence_of_a_complex_state():
    """Exponents and angles are sums of T numbers, and off by T roundings of the largest of these sums at most, here and
    there; 200 more are for projections, norms and functions. Without the token before, or with the tokens turned the
    other way, outputs are off by more than 1e-3."""
    mixer, u = some_mixer(), torch.randn(2, T, 8, dtype=torch.float64)
    with torch.no_grad():
        fast = mixer(u).numpy()
    for row, tokens in zip(fast, u.numpy(), strict=True):
        exact, added, largest = complex_recurrence(Given(mixer, tokens))
        assert largest > 10  # it turns more than once
        assert np.abs(row - exact).max() <= (2 * T * largest + 200) * 2.0**-53 * added
        given = Given(mixer, tokens)
        given.theta = -given.theta
        assert np.abs(row - complex_recurrence(given)[0]).max() > 1e-3
        given = Given(mixer, tokens)
        given.share = np.ones_like(given.share)
        assert np.abs(row - complex_recurrence(given)[0]).max() > 1e-3


def test_no_output_depends_on_later_tokens_and_all_parameters_learn():
    mixer, u = some_mixer(), torch.randn(2, T, 8, dtype=torch.float64)
    before = mixer(u)
    for changed in (63, 64, 100):
        other = u.clone()
        other[:, changed] += 1
        differs = (mixer(other) - before).abs().amax(dim=(0, 2))
        assert torch.all(differs[:changed] == 0)
        assert torch.all(differs[changed : changed + 10] > 1e-6)  # far beyond rounding
    before.square().sum().backward()
    for name, parameter in mixer.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert torch.all(parameter.grad != 0), name


def test_without_the_token_before_and_without_turning_it_is_mamba_2():
    """h_t = e^(Delta a) h_(t-1) + Delta x b^T and y = h c; 2 T + 200 roundings of the largest sum of exponents, as above."""
    mixer, u = some_mixer(), torch.randn(1, T, 8, dtype=torch.float64)
    u[..., 0] = 1
    with torch.no_grad():
        *_, share, theta = mixer.in_proj.weight.split(mixer.parts)
        theta.zero_()
        share.copy_(torch.eye(8)[:1] * 40)  # sigmoid(40) is 1 in float64
        fast = mixer(u)[0].numpy()
    given = Given(mixer, u[0].numpy())
    assert np.all(given.share == 1)
    y = np.zeros_like(given.x)
    for head in range(2):
        h = np.zeros((4, 4 * TURNING))
        for t in range(T):
            h = np.exp(given.step[t, head] * given.rate[t, head]) * h
            h = h + given.step[t, head] * np.outer(given.x[t, head], given.b[t, head])
            y[t, head] = h @ given.c[t, head]
    _, added, largest = complex_recurrence(given)
    assert np.abs(fast - given.outputs(y)).max() <= (2 * T * largest + 200) * 2.0**-53 * added


@pytest.mark.parametrize("turns", [True, False])
def test_it_can_hold_parity(turns):
    """Every one turns the state by pi and adds 1: 1 - 1 + 1 - ... is the parity. It decays by e^(-0.0002) at each token,
    the least that there is with a step of 2, which moves it by less than 256 times 0.0002, and 1/2 tells odd from even.

    Without turning, the ones are counted, and even counts other than 0 are above 1/2 as well.
    """
    mixer = Mamba3(SessaConfig(width=4, heads=1), 1)
    bits = torch.randint(2, (64, 256), generator=torch.Generator().manual_seed(0))
    bits[0], bits[1, 0], bits[1, 1:] = 1, 1, 0
    one, bit = 0, 1
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter.zero_()
        z, x, _, _, _, a, share, theta = mixer.in_proj.weight.split(mixer.parts)
        z[0, one], x[0, bit] = 1, 1 / 2
        mixer.dt_bias.fill_(math.log(math.expm1(2)))
        a[0, one], share[0, one] = -20, 20
        theta[0, bit] = math.atanh(1 / 2) if turns else 0
        mixer.B_bias[0, 0] = mixer.C_bias[0, 0] = 1
        mixer.out_proj.weight[0, 0] = 1 / torch.sigmoid(torch.tensor(1.0))
        u = torch.stack([torch.ones_like(bits), bits, torch.zeros_like(bits), torch.zeros_like(bits)], dim=-1)
        s = mixer(u.float())[..., 0]
    decays = torch.exp(-2e-4 * torch.arange(256, dtype=torch.float64))
    # Exponents up to 0.05 from 256 roundings, and fewer than 50 more in norms, functions and products.
    assert torch.all((s[1] - decays).abs() <= (256 * 0.06 + 50) * 2.0**-24)
    parity = bits.cumsum(dim=-1) % 2
    if turns:
        assert torch.equal((s > 1 / 2).long(), parity)
        assert (s - parity).abs().max() < 256 * 2e-4
    else:
        assert torch.equal(s > 1 / 2, bits.cumsum(dim=-1) > 0)
