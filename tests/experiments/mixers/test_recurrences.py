"""Gated DeltaNet and Mamba-2 against their papers' recurrences in float64, a token and a head at a time."""

import numpy as np
import pytest
import torch
from torch import nn

from experiments.mixers.gated_deltanet import gated_deltanet
from experiments.mixers.mamba2 import mamba2
from sessa_ref.config import SessaConfig

pytest.importorskip("transformers", reason="transformers, an extra, is not installed")

CONFIG = SessaConfig(width=8, heads=2)
T = 70  # more than a chunk of 64


def softplus(x):
    return np.logaddexp(0, x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def convolve(weights, x):
    """Causal, width 4, channel by channel; then SiLU."""
    kernel = weights["conv1d.weight"][:, 0]
    out = np.zeros_like(x) + weights.get("conv1d.bias", 0)
    for t in range(T):
        for i in range(min(4, t + 1)):
            out[t] += kernel[:, 3 - i] * x[t - i]
    return silu(out)


def normed(x, eps):
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)


def slow_gated_deltanet(weights, u, values):
    keys, heads = CONFIG.width // CONFIG.heads, CONFIG.heads
    parts = (u @ weights["in_proj_qkvz.weight"].T).reshape(T, heads, -1)
    q, k, v, z = np.split(parts, [keys, 2 * keys, 2 * keys + values], axis=-1)
    joined = convolve(weights, np.concatenate([part.reshape(T, -1) for part in (q, k, v)], axis=-1))
    q, k, v = (part.reshape(T, heads, -1) for part in np.split(joined, [heads * keys, 2 * heads * keys], axis=-1))
    b, a = np.moveaxis((u @ weights["in_proj_ba.weight"].T).reshape(T, heads, 2), -1, 0)
    alpha = np.exp(-np.exp(weights["A_log"]) * softplus(a + weights["dt_bias"]))
    beta = sigmoid(b)
    o = np.zeros((T, heads, values))
    for head in range(heads):
        S = np.zeros((values, keys))
        for t in range(T):
            query, key = (row / np.sqrt(row @ row + 1e-6) for row in (q[t, head], k[t, head]))
            S = alpha[t, head] * S @ (np.eye(keys) - beta[t, head] * np.outer(key, key))
            S = S + beta[t, head] * np.outer(v[t, head], key)
            o[t, head] = S @ query / np.sqrt(keys)
    gated = normed(o, 1e-6) * weights["norm.weight"] * silu(z)
    return gated.reshape(T, -1) @ weights["out_proj.weight"].T


def slow_mamba2(weights, u, state):
    width, heads = CONFIG.width, CONFIG.heads
    z, joined, dt = np.split(u @ weights["in_proj.weight"].T, [width, 2 * width + 2 * state], axis=-1)
    x, b, c = np.split(convolve(weights, joined), [width, width + state], axis=-1)
    x = x.reshape(T, heads, -1)
    step = softplus(dt + weights["dt_bias"])
    y = np.zeros_like(x)
    for head in range(heads):
        h = np.zeros((width // heads, state))
        for t in range(T):
            h = np.exp(-step[t, head] * np.exp(weights["A_log"][head])) * h
            h = h + step[t, head] * np.outer(x[t, head], b[t])
            y[t, head] = h @ c[t] + weights["D"][head] * x[t, head]
    return (normed(y.reshape(T, -1) * silu(z), 1e-5) * weights["norm.weight"]) @ weights["out_proj.weight"].T


@pytest.mark.parametrize(
    ("build", "slow", "size"), [(gated_deltanet, slow_gated_deltanet, 5), (mamba2, slow_mamba2, 6)]
)
def test_it_is_the_recurrence_of_its_paper(build, slow, size):
    """In float32, with T roundings of 2^-24 at most in what a token adds up: those of T tokens rarely point the same way."""
    torch.manual_seed(0)
    module: nn.Module = build(CONFIG, size)
    u = torch.randn(1, T, CONFIG.width)
    with torch.no_grad():
        for parameter in module.parameters():  # also those that begin equal, such as the weights of the norm
            parameter.add_(0.1 * torch.randn_like(parameter))
        fast = module(u)[0].numpy()
    weights = {name: value.detach().double().numpy() for name, value in module.named_parameters()}
    exact = slow(weights, u[0].double().numpy(), size)
    close = T * 2.0**-24 * np.abs(exact).max()
    assert np.abs(fast - exact).max() <= close
    other = slow(weights | {"dt_bias": weights["dt_bias"] + 0.1}, u[0].double().numpy(), size)
    assert np.abs(fast - other).max() > 100 * close


def test_gated_deltanet_forgets_slowly_at_first():
    torch.manual_seed(0)
    module = gated_deltanet(SessaConfig(width=64, heads=32), 2)
    steps = softplus(module.state_dict()["dt_bias"].double().numpy())
    # From 0.001 to 0.1, evenly in the logarithm: of 32 steps none is below 0.003, or none above 0.03, once in 4000 draws.
    assert 0.001 < steps.min() < 0.003 < 0.03 < steps.max() < 0.1
