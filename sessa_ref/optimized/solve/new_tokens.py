"""The solve for a few tokens that follow others whose states are known: decoding, and prefill in chunks."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sessa_ref.optimized.arguments import require_floating
from sessa_ref.optimized.solve.inputs import widest_dtype
from sessa_ref.optimized.transforms import without_autocast

_SHARED = 1 << 20
"""A product with a single row is shared among threads if it has at least this many numbers; one thread reads fewer faster."""


def extend(
    q: Float[Tensor, "..."],
    k: Float[Tensor, "..."],
    gamma: Float[Tensor, "..."],
    f: Float[Tensor, "..."],
    s: Float[Tensor, "..."],
    lengths: Int[Tensor, " batch"] | None = None,
) -> Float[Tensor, "batch new D"]:
    """The states of tokens that follow others, as `feedback_solve` of all of them would give.

    It computes in the widest dtype of the inputs, at least float32, whatever autocast says. There are new x all weights.

    Args:
        q: feedback queries of the new tokens, shape (batch, new, d_b).
        k: feedback keys of all tokens, past ones first, shape (batch, past + new, d_b).
        gamma: gains of the new tokens, shape (batch, new).
        f: forward signal of the new tokens, shape (batch, new, D).
        s: states of the past tokens, shape (batch, past, D); there may be none.
        lengths: how many past tokens each row has, up to `past`, where rows differ. In k and s a row's tokens stand
            at the first places, the new ones right behind its past ones; what follows is not read, but must be finite.

    Returns:
        The new states, of the shape and dtype of f.

    Raises:
        TypeError: an input is no tensor of floating-point numbers, or `lengths` none of whole ones.
        ValueError: the shapes or devices do not belong together.
    """
    _check(q, k, gamma, f, s, lengths)
    past, new = s.shape[1], f.shape[1]
    if new == 0 or past + new == 1:  # no token, or a first one, which sees nothing
        return f
    working = widest_dtype(q, k, gamma, f, s)
    with without_autocast(f.device):
        q, k, gamma, right, states = (tensor.to(working) for tensor in (q, k, gamma[..., None], f, s))
        logits = _inner_products(q * q.shape[-1] ** -0.5, k[:, : past + new - 1])  # nobody reads the last key
        alpha = _weights(logits, past, new, lengths)
        ahead = alpha[..., :past]
        if lengths is not None:  # new tokens begin there
            ahead = ahead.masked_fill(torch.arange(past, device=f.device) >= lengths[:, None, None], 0)
        right = right + gamma * _weighted_sums(ahead, states)
        if new > 1:
            inside = torch.nn.functional.pad(-gamma * _among_new(alpha, past, new, lengths), (0, 1))
            right = torch.linalg.solve_triangular(inside, right, upper=False, unitriangular=True)
        return right.to(f.dtype)


def _weights(logits: Float[Tensor, "batch new all"], past: int, new: int, lengths: Tensor | None) -> Tensor:
    """The softmax over the tokens before each new one; 0 where there is none."""
    if new == 1 and lengths is None:
        return logits.softmax(dim=-1)
    places, steps = torch.arange(past + new - 1, device=logits.device), torch.arange(new, device=logits.device)
    first = past if lengths is None else lengths[:, None, None]
    seen = places < first + steps[:, None]
    alpha = logits.masked_fill(~seen, -torch.inf).softmax(dim=-1)
    return alpha if lengths is None and past > 0 else alpha.masked_fill(~seen, 0)  # a softmax of nothing is NaN


def _among_new(alpha: Float[Tensor, "batch new all"], past: int, new: int, lengths: Tensor | None) -> Tensor:
    """The weights of new tokens on new ones, without the last, which no token reads."""
    if lengths is None:
        return alpha[..., past:]
    places = lengths[:, None, None] + torch.arange(new - 1, device=alpha.device)
    return alpha.take_along_dim(places, dim=-1)


def _check(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, s: Tensor, lengths: Tensor | None) -> None:
    inputs = {"q": q, "k": k, "gamma": gamma, "f": f, "s": s}
    require_floating(**inputs)
    shapes = [tuple(tensor.shape) for tensor in inputs.values()]
    if [len(shape) for shape in shapes] != [3, 3, 2, 3, 3] or not (
        shapes[0][:2] == shapes[2] == shapes[3][:2]
        and shapes[1] == (q.shape[0], s.shape[1] + q.shape[1], q.shape[2])
        and shapes[4] == (q.shape[0], s.shape[1], f.shape[2])
        and q.shape[2] > 0
    ):
        raise ValueError(
            "q must have shape (batch, new, d_b), k (batch, past + new, d_b), gamma (batch, new), f (batch, new, D) "
            f"and s (batch, past, D), got {', '.join(map(str, shapes))}"
        )
    for name, tensor in inputs.items():
        if tensor.device != q.device:
            raise ValueError(f"{name} must be on the device of q, {q.device}, got {tensor.device}")
    if lengths is None:
        return
    if not isinstance(lengths, Tensor) or lengths.dtype not in (torch.int64, torch.int32):
        raise TypeError(f"lengths must be a tensor of int64 or int32, got {getattr(lengths, 'dtype', type(lengths))}")
    if lengths.shape != q.shape[:1] or lengths.device != q.device:
        raise ValueError(
            f"lengths must have shape {tuple(q.shape[:1])} on {q.device}, "
            f"got {tuple(lengths.shape)} on {lengths.device}"
        )


def _inner_products(q: Float[Tensor, "batch new d"], k: Float[Tensor, "batch all d"]) -> Float[Tensor, "batch new all"]:
    parts = _parts(q, k)
    if parts == 1:
        return q @ k.mT
    of_parts = torch.bmm(
        q[0].unflatten(-1, (parts, -1)).transpose(0, 1), k[0].unflatten(-1, (parts, -1)).permute(1, 2, 0)
    )
    return of_parts.sum(dim=0, keepdim=True)


def _weighted_sums(
    alpha: Float[Tensor, "batch new all"], s: Float[Tensor, "batch all D"]
) -> Float[Tensor, "batch new D"]:
    parts = _parts(alpha, s)
    if parts == 1:
        return alpha @ s
    of_parts = torch.bmm(alpha.expand(parts, -1, -1), s[0].unflatten(-1, (parts, -1)).transpose(0, 1))
    return of_parts.transpose(0, 1).flatten(-2)[None]


def _parts(row: Tensor, many: Tensor) -> int:
    """Into how many parts to cut the features: BLAS gives a product with a single row to one thread otherwise."""
    alone = row.device.type == "cpu" and row.shape[:2] == (1, 1) and many.numel() >= _SHARED
    return math.gcd(many.shape[-1], torch.get_num_threads()) if alone and not torch.compiler.is_compiling() else 1
