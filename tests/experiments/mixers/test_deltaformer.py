import numpy as np
import pytest
import torch

from experiments.mixers.deltaformer import DeltaFormer
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import feedback_solve

T, WIDTH, HEADS, HEAD_WIDTH = 14, 8, 2, 6


def softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def corrected(q, k, v, beta):
    """u_t = v_t - beta_t sum over j < t of softmax(q_t . k_j / sqrt(n)) u_j, token by token, and max |L^-1| |L| |u|.

    L u = v is the system. To first order, relative changes by e of the entries of L change u by e times that at most.
    """
    L, u = np.eye(len(v)), np.zeros_like(v)
    for t in range(len(v)):
        u[t] = v[t]
        if t:
            L[t, :t] = beta[t] * softmax(k[:t] @ q[t] / np.sqrt(k.shape[-1]))
            u[t] -= L[t, :t] @ u[:t]
    return u, (np.abs(np.linalg.inv(L)) @ np.abs(L) @ np.abs(u)).max()


ROUNDINGS = 100 * 2.0**-53
"""Of an entry of the system, of a solution by substitution, and of a read: fewer than 100 in either computation, where
T and HEAD_WIDTH terms are added up, and a rounding of a logit counts as often as the logit is large."""


def test_its_solve_is_sessas_with_gain_minus_beta():
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, T, HEAD_WIDTH))
    beta = 1 + rng.normal(size=T)
    assert np.abs(beta).max() > 2
    u, change = corrected(q, k, v, beta)
    found = feedback_solve(*(torch.from_numpy(z) for z in (q, k, -beta, v)), backend="blocked").numpy()
    assert np.abs(found - u).max() <= ROUNDINGS * change
    assert np.abs(found - corrected(k, k, v, beta)[0]).max() > 0.1


def turned(rows, rope):
    if not rope:
        return rows
    angles = np.arange(T)[:, None] * 10000.0 ** (-2 * np.arange(HEAD_WIDTH // 2) / HEAD_WIDTH)
    pairs = (rows[:, 0::2] + 1j * rows[:, 1::2]) * np.exp(1j * angles)
    return np.stack([pairs.real, pairs.imag], axis=-1).reshape(rows.shape)


@pytest.mark.parametrize("rope", [True, False])
def test_it_is_the_recurrence_and_then_attention(rope):
    """Token by token; with gains far beyond 1, which nothing bounds."""
    torch.manual_seed(0)
    mixer = DeltaFormer(SessaConfig(width=WIDTH, heads=HEADS, rope=rope), HEAD_WIDTH).double()
    with torch.no_grad():
        mixer.beta.bias.fill_(2.0)
        x = torch.randn(1, T, WIDTH, dtype=torch.float64)
        found = mixer(x)[0].numpy()
    weights, rows = {name: value.numpy() for name, value in mixer.state_dict().items()}, x[0].numpy()
    qkv = (rows @ weights["qkv.weight"].T).reshape(T, 3, HEADS, HEAD_WIDTH)
    beta = rows @ weights["beta.weight"].T + weights["beta.bias"]
    read, most = np.zeros((T, HEADS, HEAD_WIDTH)), 0.0
    for head in range(HEADS):
        q, k, v = turned(qkv[:, 0, head], rope), turned(qkv[:, 1, head], rope), qkv[:, 2, head]
        u, change = corrected(q, k, v, beta[:, head])
        for t in range(T):
            read[t, head] = softmax(k[: t + 1] @ q[t] / np.sqrt(HEAD_WIDTH)) @ u[: t + 1]
        most = max(most, change)
    exact = read.reshape(T, -1) @ weights["out.weight"].T
    close = ROUNDINGS * most * np.abs(weights["out.weight"]).sum(axis=1).max()
    assert np.abs(found - exact).max() <= close < 1e-9  # which float32 would not reach
