"""Titans against its equations in float64, token by token: the memory learns by autograd of its loss."""

from typing import Literal

import pytest
import torch
from torch import Tensor

from experiments.mixers.titans import Gates, Memory, Titans, learn
from sessa_ref.config import SessaConfig

WIDTH, HEADS, KEYS, SEGMENT, T = 8, 2, 6, 5, 13
Weights = dict[str, Tensor]


def titans(rope: bool = True) -> Titans:
    """With parameters that make all of it matter: gates in all of (0, 1), and no weights that begin equal."""
    torch.manual_seed(0)
    mixer = Titans(SessaConfig(width=WIDTH, heads=HEADS, rope=rope), KEYS, SEGMENT).double()
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        mixer.gates.bias.copy_(torch.tensor([-2.0, 0.0, 0.0]))
    return mixer


def tokens(count: int = T) -> Tensor:
    return torch.randn(count, WIDTH, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def project(weights: Weights, name: str, rows: list[Tensor], unit: bool = True) -> Tensor:
    """The projection of the last of some rows; of norm 1 if `unit`."""
    kernel = weights[f"{name}.convolution.weight"][:, 0]
    out = weights[f"{name}.convolution.bias"].clone()
    for back, row in enumerate(reversed(rows[-4:])):
        out += kernel[:, 3 - back] * (weights[f"{name}.linear.weight"] @ row)
    out = out * torch.sigmoid(out)
    return out / torch.sqrt(out @ out) if unit else out


def turned(row: Tensor, place: int, rope: bool) -> Tensor:
    pairs = torch.view_as_complex(row.reshape(-1, 2))
    angles = place * 10000.0 ** (-2 * torch.arange(len(pairs)).double() / len(row))
    return torch.view_as_real(pairs * torch.exp(1j * angles)).flatten() if rope else row


def attend(weights: Weights, x: Tensor, place: int, context: list[tuple[Tensor, int]], rope: bool) -> Tensor:
    """One token's attention over some others, each with its place."""
    q = (weights["q_proj.weight"] @ x + weights["q_proj.bias"]).chunk(HEADS)
    both = [(weights["kv_proj.weight"] @ other + weights["kv_proj.bias"]).chunk(2) for other, _ in context]
    heads = []
    for head in range(HEADS):
        keys = [turned(k.chunk(HEADS)[head], other, rope) for (k, _), (_, other) in zip(both, context, strict=True)]
        logits = torch.stack([turned(q[head], place, rope) @ key for key in keys]) / (WIDTH / HEADS) ** 0.5
        heads.append(torch.softmax(logits, 0) @ torch.stack([v.chunk(HEADS)[head] for _, v in both]))
    return torch.cat(heads)


def one_step(M: Tensor, S: Tensor, k: Tensor, v: Tensor, gates: Tensor) -> tuple[Tensor, Tensor]:
    alpha, eta, theta = torch.sigmoid(gates)
    M = M.detach().requires_grad_()
    (gradient,) = torch.autograd.grad((M @ k - v).square().sum(), M)
    S = eta * S - theta * gradient
    return ((1 - alpha) * M + S).detach(), S


def normed(x: Tensor, weight: Tensor) -> Tensor:
    return x / torch.sqrt(x.square().mean() + 1e-5) * weight


def slow(mixer: Titans, u: Tensor, leak: Literal["by the mask", "by the memory"] | None = None) -> Tensor:
    """The outputs for tokens u; with a leak, what a literal reading of the source computes in that place."""
    weights = {name: value.detach() for name, value in mixer.named_parameters()}
    M, S = torch.zeros(2, WIDTH, KEYS, dtype=torch.float64)
    ys, outputs = [], []
    for first in range(0, len(u), SEGMENT):
        segment = range(first, min(first + SEGMENT, len(u)))
        h = [M @ project(weights, "memory_q", list(u[: t + 1])) for t in segment]
        queries, answers = [], []
        for t in segment:
            place = t - first
            shown = len(h) if leak == "by the mask" else place + 1
            context = [(row, 0) for row in weights["persistent"]]
            context += [(row, other) for other, row in enumerate(h[:shown])]
            context += [(row, other) for other, row in enumerate(u[first : t + 1])]
            ys.append(attend(weights, u[t], place, context, mixer.config.rope))
            k, v = project(weights, "memory_k", ys), project(weights, "memory_v", ys, unit=False)
            M, S = one_step(M, S, k, v, weights["gates.weight"] @ ys[-1] + weights["gates.bias"])
            queries.append(project(weights, "memory_q", ys))
            answers.append(M @ queries[-1])
        if leak == "by the memory":
            answers = [M @ q for q in queries]
        for y, answer in zip(ys[first:], answers, strict=True):
            gate = torch.sigmoid(normed(answer, weights["norm_answer.weight"]))
            outputs.append(normed(y, weights["norm_y.weight"]) * gate)
    return torch.stack(outputs)


@pytest.mark.parametrize("rope", [True, False])
def test_it_is_the_recurrence_token_by_token(rope):
    """In three segments, the last one short. A token's output takes fewer than 100 roundings of 2^-53 in a row, of
    numbers below 10; what the T tokens pass on with their steps does not become more than 10 times as large."""
    mixer, u = titans(rope), tokens()
    close = 100 * T * 10 * 10 * 2.0**-53
    with torch.no_grad():
        found = mixer(u[None])[0]
    exact = slow(mixer, u)
    assert (found - exact).abs().max() <= close
    assert (found - slow(mixer, u, "by the mask")).abs().max() > close
    assert (found - slow(mixer, u, "by the memory")).abs().max() > close


def test_no_output_depends_on_later_tokens():
    """Exactly: every token, changed alone, leaves all outputs before it as they are, and changes all from it on."""
    mixer, u = titans(), tokens()
    changed = u.repeat(T, 1, 1)
    changed[range(T), range(T)] += 1
    with torch.no_grad():
        differs = (mixer(changed) - mixer(u.expand(T, -1, -1))).abs().amax(dim=-1)
    assert torch.all(differs.tril(-1) == 0)
    assert torch.all(differs[torch.ones(T, T, dtype=torch.bool).triu()] > 1e-6)  # far beyond rounding


@pytest.mark.parametrize("leak", ["by the mask", "by the memory"])
def test_read_literally_the_source_leaks(leak):
    """The last token of the second segment changes all outputs before it in that segment."""
    mixer, u = titans(), tokens()
    last = 2 * SEGMENT - 1
    changed = u.clone()
    changed[last] += 1
    differs = (slow(mixer, changed, leak) - slow(mixer, u, leak)).abs().amax(dim=-1)
    assert torch.all(differs[:SEGMENT] == 0)
    assert torch.all(differs[SEGMENT:last] > 1e-4)  # far beyond rounding


def test_without_forgetting_and_momentum_the_memory_is_deltanet():
    """M_t = M_(t-1) (I - beta k k^T) + beta v k^T with beta = 2 theta. I - beta k k^T has norm 1 at most, so the
    roundings of C tokens, fewer than 20 each, of numbers below 20, add up."""
    torch.manual_seed(0)
    C = 40
    q, k = (torch.nn.functional.normalize(torch.randn(C, KEYS, dtype=torch.float64), dim=-1) for _ in range(2))
    v, theta = torch.randn(C, WIDTH, dtype=torch.float64), torch.randn(C, dtype=torch.float64)
    M, S = torch.randn(2, WIDTH, KEYS, dtype=torch.float64)
    never = torch.full((C,), -800.0, dtype=torch.float64)  # its sigmoid is 0 in float64
    answers, after = learn(Memory(M, S), q, k, v, Gates(never, never, theta))
    close = C * 20 * 20 * 2.0**-53
    for t in range(C):
        beta = 2 * torch.sigmoid(theta[t])
        M = M - beta * torch.outer(M @ k[t], k[t]) + beta * torch.outer(v[t], k[t])
        assert (answers[t] - M @ q[t]).abs().max() <= close
    assert (after.M - M).abs().max() <= close
