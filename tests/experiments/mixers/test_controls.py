"""Each control against what it is by definition, from the reference's matrices for the same parameters, in float64."""

import numpy as np
import pytest
import torch
from torch import nn

from experiments.block import Block
from experiments.mixers.controls import AfterConvolution, OneHop, SolveThenRead, WithoutFeedback, constant_gain
from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaMixer
from sessa_ref.parameters import SessaParameters
from sessa_ref.tasks import MQAR

T, WIDTH = 14, 8
CLOSE = {"rtol": 0, "atol": 5 * T * T * 2.0**-53}
"""Sums of at most 14 numbers of size 1 and their solve with gains below 1, some five in a row: 5 x 14 x 14 roundings
of 2^-53, if all of them point the same way. A wrong weight, hop or order is off by 1e-3 or more."""


def traced(config: SessaConfig, change=lambda mixer: None) -> tuple[SessaMixer, reference.Trace]:
    """A mixer in a block, and every intermediate of the block for some tokens."""
    torch.manual_seed(0)
    mixer = SessaMixer(config)
    change(mixer)
    block = Block(config, mixer).double()
    x = torch.randn(2, T, WIDTH, dtype=torch.float64)
    return mixer, reference.trace(SessaParameters.from_state_dict(block.state_dict(), config), x.numpy())


def outputs(module: nn.Module, u: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return module.double()(torch.from_numpy(u)).numpy()


@pytest.mark.parametrize("rope", [True, False])
def test_one_hop(rope):
    """Equal to Sessa where there is one hop at most, at the first two tokens, and not beyond."""
    config = SessaConfig(width=WIDTH, heads=2, rope=rope)
    mixer, steps = traced(config)
    control = OneHop(config)
    control.parts.load_state_dict(mixer.state_dict())
    found = outputs(control, steps.u)
    assert np.allclose(found, steps.f + steps.B @ steps.f, **CLOSE)
    assert np.allclose(found[:, :2], steps.s[:, :2], **CLOSE)
    assert np.all(np.abs(found - steps.s)[:, 2:].max(axis=-1) > 1e-3)
    assert np.allclose(outputs(control, steps.u[:, :1]), steps.s[:, :1], **CLOSE)


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_solve_then_read(kv_heads):
    """Heads that share their values share the solution, too."""
    config = SessaConfig(width=WIDTH, heads=2, kv_heads=kv_heads)
    mixer, steps = traced(config)
    control = SolveThenRead(config)
    control.parts.load_state_dict(mixer.state_dict())
    values = np.concatenate(list(np.moveaxis(steps.v, -3, 0)), axis=-1)
    w = np.linalg.solve(np.eye(T) - steps.B, values)
    heads = [w[..., start : start + WIDTH // 2] for start in range(0, w.shape[-1], WIDTH // 2)]
    o = [steps.alpha_fwd[:, head] @ heads[head * kv_heads // 2] for head in range(2)]
    found = outputs(control, steps.u)
    out = mixer.state_dict()["out_proj.weight"].numpy()
    assert np.allclose(found, np.concatenate(o, axis=-1) @ out.T, **CLOSE)
    assert np.abs(found - steps.s)[:, 1:].max() > 1e-2


def test_constant_gain_is_sessa_with_one_gain():
    """It stays so in training: only the bias has a gradient."""
    config = SessaConfig(width=WIDTH, heads=2)
    control = constant_gain(config)
    _, steps = traced(config, lambda mixer: mixer.load_state_dict(control.state_dict()))
    assert np.allclose(steps.gamma, 0.999 * np.tanh(1.0), **CLOSE)
    assert np.allclose(outputs(control, steps.u), steps.s, **CLOSE)
    control(torch.from_numpy(steps.u)).square().sum().backward()
    assert control.gamma_ctx.weight.grad is None
    assert control.gamma_bias.grad is not None
    assert abs(control.gamma_bias.grad) > 1e-3


def test_after_a_convolution():
    config = SessaConfig(width=WIDTH, heads=2)
    mixer, steps = traced(config)
    control = AfterConvolution(config, SessaMixer).double()
    control.mixer.load_state_dict(mixer.state_dict())
    kernel = control.convolution.state_dict()
    weight, bias = kernel["weight"][:, 0].numpy(), kernel["bias"].numpy()
    convolved = np.zeros_like(steps.u) + bias
    for t in range(T):
        for i in range(min(4, t + 1)):
            convolved[:, t] += weight[:, 3 - i] * steps.u[:, t - i]
    assert np.allclose(outputs(control, steps.u), outputs(mixer, convolved), **CLOSE)


@pytest.mark.parametrize("convolution", [True, False])
def test_attention_can_recall_by_key_behind_a_convolution(convolution):
    """One layer of it solves MQAR: the convolution shows every token the one before it, so that a query finds the token
    behind its key. Without it, a query finds the key, which does not have the value. Weights on other tokens are below
    e^-50 in the first case."""
    task = MQAR(vocabulary=16, length=32, pairs=4, random_fillers=False)
    sample, keys = task.sample(64, 0), task.first_value
    own, before, value = (slice(start, start + keys) for start in (0, keys, 2 * keys))
    config = SessaConfig(width=3 * keys, rope=False)
    control = AfterConvolution(config, WithoutFeedback)
    tokens = torch.from_numpy(sample.tokens)
    u = torch.zeros(*tokens.shape, config.width)
    one_hot = torch.nn.functional.one_hot(tokens, 2 * keys).float()
    u[..., own] = u[..., before] = one_hot[..., :keys] * (tokens > 0)[..., None]
    u[..., value] = one_hot[..., keys:]
    weights = control.state_dict()
    with torch.no_grad():
        for parameter in control.parameters():
            parameter.zero_()
        weights["convolution.weight"][:, 0, 3] = 1
        if convolution:
            weights["convolution.weight"][before, 0] = torch.eye(4)[2]
        weights["mixer.q_proj.weight"][own, own] = 100 * config.width**0.5 * torch.eye(keys)
        weights["mixer.k_proj.weight"][own, before] = torch.eye(keys)
        weights["mixer.v_proj.weight"][value, value] = torch.eye(keys)
        s = control(u)[..., value]
    found = s[torch.arange(64)[:, None], torch.from_numpy(sample.positions)]
    if convolution:
        assert torch.equal(found.argmax(dim=-1), torch.from_numpy(sample.answers))
        assert found.amax(dim=-1).min() > 0.999
    else:
        assert torch.all(found == 0)
