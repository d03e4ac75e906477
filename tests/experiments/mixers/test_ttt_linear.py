"""TTT-Linear against learning token by token in float64, with the derivatives of its loss from autograd."""

from collections.abc import Sequence

import pytest
import torch
from torch.nn import functional

from experiments.mixers.ttt_linear import TTTLinear
from sessa_ref.config import SessaConfig

T = 39  # two batches of 16 and seven tokens more


def some_mixer(batch: int = 16) -> TTTLinear:
    """With parameters that are all different, and a model W whose outputs have a size of about 1."""
    torch.manual_seed(0)
    mixer = TTTLinear(SessaConfig(width=8, heads=2), 3, batch).double()
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        mixer.W.normal_()
    return mixer


def projected(
    mixer: TTTLinear, u: torch.Tensor, head: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Queries, keys, values and rates of a head, queries and keys turned as complex numbers."""
    d = mixer.W.shape[-1]
    q, k, v = ((u @ part.T)[:, head * d : (head + 1) * d] for part in mixer.qkv.weight.chunk(3))
    rate = torch.sigmoid(u @ mixer.rate.weight[head] + mixer.rate.bias[head]) / d
    position = torch.arange(len(u), dtype=u.dtype) % len(mixer.tau)
    angle = position[:, None] * 10000.0 ** (-torch.arange(0, d, 2, dtype=u.dtype) / d)
    turn = torch.polar(torch.ones_like(angle), angle)
    q, k = (torch.view_as_real(torch.complex(z[:, ::2], z[:, 1::2]) * turn).flatten(-2) for z in (q, k))
    return q, k, v, rate


def together(mixer: TTTLinear, outputs: list[torch.Tensor]) -> torch.Tensor:
    """The mixer's outputs from those of its heads."""
    joined = torch.cat(outputs, dim=-1)
    return (
        functional.layer_norm(joined, joined.shape[-1:], mixer.norm.weight, mixer.norm.bias, mixer.norm.eps)
        @ mixer.out.weight.T
    )


def learning(mixer: TTTLinear, u: torch.Tensor) -> torch.Tensor:
    """The outputs, from the loss and its gradients, a token at a time."""
    outputs = []
    for head in range(2):
        g, c = mixer.g[head, 0], mixer.c[head, 0]
        start = total = model = [mixer.W[head].detach(), mixer.b[head, 0].detach()]
        answers = []
        for t, (q, k, v, rate) in enumerate(zip(*projected(mixer, u, head), strict=True)):
            i = t % len(mixer.tau)
            if i == 0:
                start, total = [part.requires_grad_() for part in model], [torch.zeros_like(part) for part in model]
            D = torch.autograd.grad(((f(k, start, g, c) - v) ** 2).sum() / 2, start)
            total = [one + rate * more for one, more in zip(total, D, strict=True)]
            tau = max(0.0, 1 / (i + 1) + mixer.tau[i].item())
            model = [(part - tau * change).detach() for part, change in zip(start, total, strict=True)]
            answers.append(f(q, model, g, c))
        outputs.append(torch.stack(answers))
    return together(mixer, outputs).detach()


def f(x: torch.Tensor, model: Sequence[torch.Tensor], g: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    W, b = model
    return x + functional.layer_norm(x @ W + b, g.shape, g, c, 1e-6)


def test_it_learns_token_by_token():
    """Within a hundred times what a rounding of all tokens by 2^-53 changes, seen with changes of 2^-30: sums have at most
    16 numbers, and some ten of them follow each other in each of the three batches."""
    mixer, u = some_mixer(), torch.randn(2, T, 8, dtype=torch.float64)
    with torch.no_grad():
        fast = mixer(u)
    for row, tokens in zip(fast, u, strict=True):
        exact = learning(mixer, tokens)
        moved = (learning(mixer, tokens * (1 + 2.0**-30 * torch.randn_like(tokens).sign())) - exact).abs().max()
        assert moved < 1e-6  # outputs change a thousand times as much at most
        assert (row - exact).abs().max() <= 100 * 2.0**-23 * moved
    with torch.no_grad():
        mixer.tau[15] += 0.1
        assert (mixer(u) - fast)[:, :15].abs().max() == 0
        assert (mixer(u) - fast)[:, 16:].abs().max() > 1e-3  # a hundredth of the change


def test_no_output_depends_on_later_tokens_and_all_parameters_learn():
    mixer, u = some_mixer(), torch.randn(2, T, 8, dtype=torch.float64)
    with torch.no_grad():
        mixer.tau.zero_()  # so that no token has tau = 0, which hides its batch from it
    before = mixer(u)
    for changed in (15, 16, 20):
        other = u.clone()
        other[:, changed] += 1
        differs = (mixer(other) - before).abs().amax(dim=(0, 2))
        assert torch.all(differs[:changed] == 0)
        assert torch.all(differs[changed:] > 1e-6)  # far beyond rounding
    before.square().sum().backward()
    for name, parameter in mixer.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert torch.all(parameter.grad != 0), name


@pytest.mark.parametrize("norm", ["any", "initial"])
def test_with_a_batch_of_one_token_it_is_a_delta_rule(norm, monkeypatch):
    """As in the docstring: the first form for any norm, and the last, which is exact without the 1e-6 in the deviation,
    for the initial one: k is bound to what r has beside 1 and z', over sigma. Rounding as above."""
    eps = 0.0 if norm == "initial" else 1e-6
    monkeypatch.setattr("experiments.mixers.ttt_linear._EPS", eps)
    mixer, u = some_mixer(batch=1), torch.randn(T, 8, dtype=torch.float64)
    with torch.no_grad():
        if norm == "initial":
            mixer.g.fill_(1)
            mixer.c.zero_()
        outputs = []
        for head in range(2):
            g, c, W, b = (part[head].clone() for part in (mixer.g[:, 0], mixer.c[:, 0], mixer.W, mixer.b[:, 0]))
            answers = []
            for q, k, v, rate in zip(*projected(mixer, u, head), strict=True):
                r, z = v - k, k @ W + b
                sigma = torch.sqrt(z.var(correction=0) + eps)
                normed = (z - z.mean()) / sigma
                if norm == "initial":
                    beside = torch.linalg.qr(torch.stack([torch.ones_like(z), normed], dim=-1)).Q
                    G = -(r - beside @ (beside.T @ r)) / sigma
                else:
                    e = g * (g * normed + c - r)
                    G = (e - e.mean() - normed * (e * normed).mean()) / sigma
                eta = (1 + mixer.tau[0]) * rate
                W, b = W - eta * torch.outer(k, G), b - eta * G
                answers.append(q + functional.layer_norm(q @ W + b, g.shape, g, c, eps))
            outputs.append(torch.stack(answers))
        found, wanted = mixer(u), together(mixer, outputs)
        moved = (mixer(u * (1 + 2.0**-30 * torch.randn_like(u).sign())) - found).abs().max()
    assert moved < 1e-6  # as above
    assert (found - wanted).abs().max() <= 100 * 2.0**-23 * moved
