"""The solve by itself in NumPy, token by token, with its gradients: s_t = f_t + gamma_t sum over j < t of alpha_tj s_j.

alpha_tj is the softmax over j < t of <q_t, k_j> / sqrt(d_b). Check it from the repository's root as a function, or as a
program that answers requests:

    .venv/bin/sessa-ref verify examples/implementations/solve_numpy.py:solve --level solve
    .venv/bin/sessa-ref verify --level solve --command ".venv/bin/python examples/implementations/solve_numpy.py {case_dir}"
"""

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file


def weights(q, k, t):
    """alpha_t0, ..., alpha_t(t-1), for t > 0; q and k are (batch, T, d_b)."""
    logits = np.einsum("bd,bjd->bj", q[:, t], k[:, :t]) / np.sqrt(q.dtype.type(q.shape[-1]))
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def solve(q, k, gamma, f):
    """s, of the shape of f, (batch, T, D); gamma is (batch, T)."""
    s = np.array(f)
    for t in range(1, f.shape[1]):
        s[:, t] += gamma[:, t, None] * np.einsum("bj,bjd->bd", weights(q, k, t), s[:, :t])
    return s


def vjp(q, k, gamma, f, ds):
    """(dq, dk, dgamma, df) of the sum of ds * s: the same walk from the last token to the first."""
    s, lam = solve(q, k, gamma, f), np.array(ds)
    dq, dk, dgamma = np.zeros_like(q), np.zeros_like(k), np.zeros_like(gamma)
    scale = np.sqrt(q.dtype.type(q.shape[-1]))
    for t in range(f.shape[1] - 1, 0, -1):
        alpha = weights(q, k, t)
        slopes = np.einsum("bd,bjd->bj", lam[:, t], s[:, :t])
        dgamma[:, t] = np.sum(alpha * slopes, axis=-1)
        dlogits = gamma[:, t, None] * alpha * (slopes - dgamma[:, t, None]) / scale
        dq[:, t] = np.einsum("bj,bjd->bd", dlogits, k[:, :t])
        dk[:, :t] += dlogits[..., None] * q[:, t, None]
        lam[:, :t] += (gamma[:, t, None] * alpha)[..., None] * lam[:, t, None]
    return dq, dk, dgamma, lam


solve.vjp = vjp  # where the oracle looks for gradients


def answer(case_dir):
    """Answer a request of the command protocol."""
    folder = Path(case_dir)
    operation = json.loads((folder / "case.json").read_text(encoding="utf-8"))["operation"]
    given = load_file(folder / "case.safetensors")
    inputs = [given[name] for name in ("q", "k", "gamma", "f")]
    if operation == "forward":
        result = {"s": solve(*inputs)}
    else:
        result = dict(zip(("dq", "dk", "dgamma", "df"), vjp(*inputs, given["ds"]), strict=True))
    save_file({name: np.array(array, order="C") for name, array in result.items()}, folder / "out.safetensors")


if __name__ == "__main__":
    answer(sys.argv[1])
