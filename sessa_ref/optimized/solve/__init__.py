"""The feedback solve (20) in torch, from queries, keys, gains and the forward signal, by a choice of methods."""

from typing import Final, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from sessa_ref.optimized.nonfinite_tokens import finite, from_first_on, nonfinite_tokens
from sessa_ref.optimized.solve.differentiable import blocked, hops
from sessa_ref.optimized.solve.inputs import factor_dtype, working_dtype
from sessa_ref.optimized.solve.matrix import dense
from sessa_ref.optimized.solve.new_tokens import extend
from sessa_ref.optimized.transforms import without_autocast

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

    Computed in the widest dtype of the inputs and at least float32, whatever autocast says. Only where q, k and f are
    all bfloat16, on an NVIDIA GPU, does "blocked" multiply numbers of that dtype in its products of more than 2048 tokens,
    which still add up in float32. It can be differentiated any number of times, backwards and forwards, mapped, compiled and exported. First derivatives backwards take the
    method of the backend (the adjoint of "hops" in a compiled graph is that of "blocked"); all others go through the
    dense form, with its T x T matrices.

    From the first token on at which an input is not finite, s is NaN. Earlier tokens, other rows of the batch and their
    gradients are not affected.

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
        TypeError: an input is no tensor of floating-point numbers.
        ValueError: the shapes or devices do not belong together, or there is no such backend.
    """
    check_backend(backend)
    working = working_dtype(q, k, gamma, f)
    factor = factor_dtype(q, k, f, working) if backend == "blocked" else working
    with without_autocast(f.device):
        bad = nonfinite_tokens(q, k, gamma[..., None], f)
        dtypes = (factor, factor, working, working)
        inputs = (finite(z.to(dtype)) for z, dtype in zip((q, k, gamma, f), dtypes, strict=True))
        s = _METHODS[backend](*inputs).to(f.dtype)
        return s.masked_fill(from_first_on(bad)[..., None], torch.nan)


def check_backend(backend: str) -> None:
    """Raise ValueError unless there is a method of this name."""
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {BACKENDS}, got {backend!r}")


__all__ = ["BACKENDS", "Backend", "blocked", "check_backend", "dense", "extend", "feedback_solve", "hops"]
