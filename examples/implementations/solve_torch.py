"""The solve by itself in torch, in blocks of tokens: (I - diag(gamma) alpha) s = f, alpha the softmax over the strict past.

.venv/bin/sessa-ref verify examples/implementations/solve_torch.py:solve --level solve --block-size 64
"""

import torch

BLOCK = 64


def solve(q, k, gamma, f):
    """s, of the shape of f, (batch, T, D); q and k are (batch, T, d_b), gamma is (batch, T)."""
    T, states = f.shape[1], []
    for start in range(0, T, BLOCK):
        rows, end = slice(start, start + BLOCK), min(start + BLOCK, T)
        later = torch.arange(end) >= torch.arange(start, end)[:, None]  # what a row must not read
        logits = q[:, rows] @ k[:, :end].mT / q.shape[-1] ** 0.5
        alpha = torch.softmax(logits.masked_fill(later, torch.finfo(f.dtype).min), dim=-1).masked_fill(later, 0)
        B = gamma[:, rows, None] * alpha
        right = f[:, rows] + B[:, :, :start] @ torch.cat(states, dim=1) if states else f[:, rows]
        states.append(torch.linalg.solve_triangular(-B[:, :, start:], right, upper=False, unitriangular=True))
    return torch.cat(states, dim=1) if states else f.clone()
