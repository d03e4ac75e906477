"""The feedback solve (20) in torch, from queries, keys, gains and the forward signal, by a choice of methods."""

from typing import Final, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from sessa_ref.optimized.feedback_solve.blocked import blocked
from sessa_ref.optimized.feedback_solve.dense import dense
from sessa_ref.optimized.feedback_solve.extension import extend
from sessa_ref.optimized.feedback_solve.hops import hops

Backend = Literal["blocked", "dense", "hops"]
BACKENDS: Final[tuple[Backend, ...]] = get_args(Backend)
_METHODS: Final = {"blocked": blocked, "dense": dense, "hops": hops}


def feedback_solve(
    q: Float[Tensor, "..."],
    k: Float[Tensor, "..."],
    gamma: Float[Tensor, "..."],
    f: Float[Tensor, "..."],
    backend: Backend = "blocked",
) -> Float[Tensor, "*batch T D"]:
    """The solution s of (I - diag(gamma) alpha) s = f, alpha_tj the softmax over j < t of <q_t, k_j> / sqrt(d_b).

    Computed in at least float32, whatever the inputs and autocast say.

    Args:
        q: feedback queries (14), shape (..., T, d_b).
        k: feedback keys (14), likewise.
        gamma: gains (18), in (-1, 1), shape (..., T).
        f: forward signal (16), shape (..., T, D).
        backend: "blocked", exact and linear in memory; "dense", the readable twin with its T x T matrix; "hops",
            which iterates until the certified remainder is below the rounding error.

    Returns:
        s, of the shape and dtype of f.

    Raises:
        ValueError: the shapes do not belong together, or there is no such backend.
    """
    check_backend(backend)
    if q.shape != k.shape or q.shape[:-1] != f.shape[:-1] or gamma.shape != f.shape[:-1]:
        raise ValueError(
            "q and k must have shape (..., T, d_b), gamma (..., T) and f (..., T, D), "
            f"got {tuple(q.shape)}, {tuple(k.shape)}, {tuple(gamma.shape)} and {tuple(f.shape)}"
        )
    working = torch.promote_types(f.dtype, torch.float32)
    with torch.autocast(f.device.type, enabled=False):
        return _METHODS[backend](*(tensor.to(working) for tensor in (q, k, gamma, f))).to(f.dtype)


def check_backend(backend: str) -> None:
    """Raise ValueError unless there is a method of this name."""
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {BACKENDS}, got {backend!r}")


__all__ = ["BACKENDS", "Backend", "blocked", "check_backend", "dense", "extend", "feedback_solve", "hops"]
