"""Solves by themselves, in torch and NumPy: right ones, which no one may accuse, and wrong ones, with what they are called."""

import numpy as np
import torch
from scipy import linalg
from torch import Tensor

BLOCK = 16


def weights(q: Tensor, k: Tensor) -> Tensor:
    """The softmax over the strict past; the first row is 0."""
    T = q.shape[-2]
    past = torch.ones(T, T, dtype=torch.bool).tril(-1)
    logits = (q @ k.mT) / q.shape[-1] ** 0.5
    if not T:
        return logits
    return torch.softmax(logits.masked_fill(~past, -torch.inf), dim=-1).masked_fill(~past, 0)


def solved(B: Tensor, f: Tensor) -> Tensor:
    return torch.linalg.solve_triangular(-B, f, upper=False, unitriangular=True)


# Right


def dense(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return solved(gamma[..., None] * weights(q, k), f)


def inverse(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    B = gamma[..., None] * weights(q, k)
    return torch.linalg.inv(torch.eye(B.shape[-1], dtype=B.dtype) - B) @ f


def hops(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    B = gamma[..., None] * weights(q, k)
    s = f
    for _ in range(f.shape[-2] - 1):
        s = f + B @ s
    return s


def blocked(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    B, s = gamma[..., None] * weights(q, k), f[..., :0, :]
    for start in range(0, f.shape[-2], BLOCK):
        here = slice(start, start + BLOCK)
        s = torch.cat([s, solved(B[..., here, here], f[..., here, :] + B[..., here, :start] @ s)], dim=-2)
    return s


def block_inverses(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """The same, with inverses of the diagonal blocks, as kernels without a triangular solve do it."""
    B, s = gamma[..., None] * weights(q, k), f[..., :0, :]
    for start in range(0, f.shape[-2], 64):
        here = slice(start, start + 64)
        block = B[..., here, here]
        inner = torch.linalg.inv(torch.eye(block.shape[-1], dtype=B.dtype) - block)
        s = torch.cat([s, inner @ (f[..., here, :] + B[..., here, :start] @ s)], dim=-2)
    return s


def online(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """An online softmax over blocks of keys, with values that are states already: no matrix of T x T."""
    T, s = f.shape[-2], torch.zeros_like(f)
    rows = []
    for t in range(T):
        highest, total = torch.full_like(gamma[..., :1], -torch.inf), torch.zeros_like(gamma[..., :1])
        read = torch.zeros_like(f[..., 0, :])
        earlier = torch.stack(rows, dim=-2) if rows else s[..., :0, :]
        for start in range(0, t, BLOCK):
            end = min(start + BLOCK, t)
            logits = (k[..., start:end, :] @ q[..., t, :, None])[..., 0] / q.shape[-1] ** 0.5
            new = torch.maximum(highest, logits.amax(dim=-1, keepdim=True))
            factor, numerators = torch.exp(highest - new), torch.exp(logits - new)
            total = total * factor + numerators.sum(dim=-1, keepdim=True)
            read = read * factor + (numerators[..., None, :] @ earlier[..., start:end, :])[..., 0, :]
            highest = new
        rows.append(f[..., t, :] + (gamma[..., t, None] * read / total if t else 0))
    return torch.stack(rows, dim=-2) if rows else f


def numpy_loop(q: np.ndarray, k: np.ndarray, gamma: np.ndarray, f: np.ndarray) -> np.ndarray:
    s = np.array(f)
    for t in range(1, f.shape[-2]):
        logits = np.einsum("...d,...jd->...j", q[..., t, :], k[..., :t, :]) / np.sqrt(q.dtype.type(q.shape[-1]))
        alpha = np.exp(logits - logits.max(axis=-1, keepdims=True))
        alpha /= alpha.sum(axis=-1, keepdims=True)
        s[..., t, :] += gamma[..., t, None] * np.einsum("...j,...jd->...d", alpha, s[..., :t, :])
    return s


def scipy_solve(q: np.ndarray, k: np.ndarray, gamma: np.ndarray, f: np.ndarray) -> np.ndarray:
    T = f.shape[-2]
    s = np.empty_like(f)
    for row in range(len(f)):
        logits = np.where(np.tri(T, k=-1, dtype=bool), q[row] @ k[row].T / q.dtype.type(q.shape[-1] ** 0.5), -np.inf)
        alpha = np.zeros_like(logits)
        if T > 1:
            alpha[1:] = np.exp(logits[1:] - logits[1:].max(axis=-1, keepdims=True))
            alpha[1:] /= alpha[1:].sum(axis=-1, keepdims=True)
        matrix = np.eye(T, dtype=f.dtype) - gamma[row][:, None] * alpha
        s[row] = linalg.solve_triangular(matrix, f[row], lower=True) if T else f[row]
    return s


RIGHT = ("dense", "inverse", "hops", "blocked", "block_inverses", "online", "numpy_loop", "scipy_solve")


# Wrong


def sign(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return torch.linalg.solve_triangular(gamma[..., None] * weights(q, k), f, upper=False, unitriangular=True)


def multiplies(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return f - (gamma[..., None] * weights(q, k)) @ f


def transposed(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    B = gamma[..., None] * weights(q, k)
    return torch.linalg.solve_triangular(-B.mT, f, upper=True, unitriangular=True)


def one_hop(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return f + (gamma[..., None] * weights(q, k)) @ f


def six_hops(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    B, s = gamma[..., None] * weights(q, k), f
    for _ in range(6):
        s = f + B @ s
    return s


def unscaled(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return dense(q * q.shape[-1] ** 0.5, k, gamma, f)


def swapped(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return dense(k, q, gamma, f)


def sees_itself(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """A causal mask for a strict one; the diagonal is then left out."""
    T = q.shape[-2]
    past = torch.ones(T, T, dtype=torch.bool).tril()
    alpha = torch.softmax(((q @ k.mT) / q.shape[-1] ** 0.5).masked_fill(~past, -torch.inf), dim=-1)
    return solved((gamma[..., None] * alpha).tril(-1), f)


def gain_of_source(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return solved(gamma[..., None, :] * weights(q, k), f)


def gain_clamped(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return dense(q, k, gamma.clamp(-0.9, 0.9), f)


def _in_blocks(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, read) -> Tensor:
    """Block after block; `read` gives what reaches a block from its rows of B and from earlier states."""
    B, s = gamma[..., None] * weights(q, k), f[..., :0, :]
    for start in range(0, f.shape[-2], BLOCK):
        here = slice(start, start + BLOCK)
        right = f[..., here, :] + read(B[..., here, :], s, start)
        s = torch.cat([s, solved(B[..., here, here], right)], dim=-2)
    return s


def blocks_apart(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return _in_blocks(q, k, gamma, f, lambda B, s, start: 0)


def edge_missing(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return _in_blocks(q, k, gamma, f, lambda B, s, start: B[..., : max(start - 1, 0)] @ s[..., : max(start - 1, 0), :])


def edge_twice(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    def read(B: Tensor, s: Tensor, start: int) -> Tensor:
        edge = slice(max(start - 1, 0), start)
        return B[..., :start] @ s + B[..., edge] @ s[..., edge, :]

    return _in_blocks(q, k, gamma, f, read)


def stale_tile(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """The buffer of states was not filled again: a block reads the tile before in place of the last one."""

    def read(B: Tensor, s: Tensor, start: int) -> Tensor:
        if start < 2 * BLOCK:
            return B[..., :start] @ s
        tiles = torch.cat([s[..., : start - BLOCK, :], s[..., start - 2 * BLOCK : start - BLOCK, :]], dim=-2)
        return B[..., :start] @ tiles

    return _in_blocks(q, k, gamma, f, read)


def _accumulating(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor, dtype: torch.dtype) -> Tensor:
    def read(B: Tensor, s: Tensor, start: int) -> Tensor:
        total = torch.zeros_like(f[..., : B.shape[-2], :])
        for first in range(0, start, BLOCK):
            tile = slice(first, first + BLOCK)
            total = (total + B[..., tile] @ s[..., tile, :]).to(dtype).to(f.dtype)
        return total

    return _in_blocks(q, k, gamma, f, read)


def accumulates_in_half(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return _accumulating(q, k, gamma, f, torch.float16)


def accumulates_in_bfloat16(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    return _accumulating(q, k, gamma, f, torch.bfloat16)


def tail_unread(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """The number of blocks is rounded down: what is left keeps s = f."""
    full = f.shape[-2] // BLOCK * BLOCK
    s = dense(q[..., :full, :], k[..., :full, :], gamma[..., :full], f[..., :full, :])
    return torch.cat([s, f[..., full:, :]], dim=-2)


def sum_of_row_before(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    T = q.shape[-2]
    past = torch.ones(T, T, dtype=torch.bool).tril(-1)
    logits = ((q @ k.mT) / q.shape[-1] ** 0.5).masked_fill(~past, -torch.inf)
    sums = torch.logsumexp(logits, dim=-1, keepdim=True)
    before = torch.cat([sums[..., :1, :], sums[..., :-1, :]], dim=-2)
    sums = torch.where(torch.isfinite(before), before, torch.where(torch.isfinite(sums), sums, 0))
    return solved(gamma[..., None] * torch.exp(logits - sums), f)


def not_rescaled(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """An online softmax over blocks of keys that keeps what it has summed as it was when the maximum grows."""
    T = q.shape[-2]
    past = torch.ones(T, T, dtype=torch.bool).tril(-1)
    logits = ((q @ k.mT) / q.shape[-1] ** 0.5).masked_fill(~past, -torch.inf)
    parts, highest = [], torch.full_like(logits[..., :1], -torch.inf)
    for start in range(0, T, BLOCK):
        part = logits[..., start : start + BLOCK]
        highest = torch.maximum(highest, part.amax(dim=-1, keepdim=True))
        parts.append(torch.exp(part - torch.where(torch.isfinite(highest), highest, 0)))
    numerators = torch.cat(parts, dim=-1) if parts else logits
    total = numerators.sum(dim=-1, keepdim=True)
    return solved(gamma[..., None] * numerators / torch.where(total == 0, 1, total), f)


def _tf32(x: Tensor) -> Tensor:
    """Ten bits after the point, ties to even, as tensor cores read factors; a gradient passes through."""
    array = x.detach().double().numpy()
    mantissa, exponent = np.frexp(array)
    rounded = np.ldexp(np.rint(mantissa * 2.0**11), exponent - 11)
    return x + (torch.from_numpy(rounded).to(x.dtype) - x).detach()


def tf32(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    B, rows = _tf32(gamma[..., None] * weights(_tf32(q), _tf32(k))), []
    for t in range(f.shape[-2]):
        earlier = torch.stack(rows, dim=-2) if rows else f[..., :0, :]
        rows.append(f[..., t, :] + (B[..., t, None, :t] @ _tf32(earlier))[..., 0, :])
    return torch.stack(rows, dim=-2) if rows else f


def _walked_from_the_end(B: Tensor, ds: Tensor) -> Tensor:
    """The adjoint in whole blocks that end with the last token, by diagonal blocks that begin with the first one."""
    T, lam = ds.shape[-2], torch.zeros_like(ds)
    size = min(BLOCK, T) or 1
    diagonal = [B[..., start : start + size, start : start + size] for start in range(0, T, size)]
    for start in range(T - size, -1, -size):
        here, later = slice(start, start + size), slice(start + size, T)
        block = torch.zeros_like(B[..., here, here])
        saved = diagonal[start // size]
        block[..., : saved.shape[-1], : saved.shape[-1]] = saved
        right = ds[..., here, :] + B[..., later, here].mT @ lam[..., later, :]
        lam[..., here, :] = torch.linalg.solve_triangular(-block.mT, right, upper=True, unitriangular=True)
    return lam


class _Adjoint(torch.autograd.Function):
    """The dense solve with a backward pass by hand, which `change` makes wrong."""

    change = "nothing"

    @staticmethod
    def forward(ctx, q, k, gamma, f):
        alpha = weights(q, k)
        s = solved(gamma[..., None] * alpha, f)
        ctx.save_for_backward(q, k, gamma, alpha, s)
        return s

    @classmethod
    def backward(cls, ctx, ds):  # pyright: ignore[reportIncompatibleMethodOverride]
        q, k, gamma, alpha, s = ctx.saved_tensors
        lam = torch.linalg.solve_triangular(-(gamma[..., None] * alpha).mT, ds, upper=True, unitriangular=True)
        lam = ds if cls.change == "unsolved" else lam
        lam = _walked_from_the_end(gamma[..., None] * alpha, ds) if cls.change == "walk" else lam
        read = alpha @ s
        dgamma = (lam * read).sum(-1)
        row = 0 if cls.change == "no mean" else dgamma[..., None]
        dlogits = gamma[..., None] * alpha * (lam @ s.mT - row) / q.shape[-1] ** 0.5
        full = s.shape[-2] // BLOCK * BLOCK
        if cls.change == "tail":
            dlogits = dlogits.clone()
            dlogits[..., full:, :] = 0
        if cls.change == "no routing":
            dlogits = 0 * dlogits
        return dlogits @ k, dlogits.mT @ q, -dgamma if cls.change == "dgamma" else dgamma, lam


def _with_adjoint(change: str):
    function = type("Changed", (_Adjoint,), {"change": change})

    def solve(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
        return function.apply(q, k, gamma, f)

    return solve


adjoint = _with_adjoint("nothing")
gradient_without_tail = _with_adjoint("tail")
gradient_without_routing = _with_adjoint("no routing")
gradient_without_mean = _with_adjoint("no mean")
gradient_unsolved = _with_adjoint("unsolved")
gradient_walked_from_the_end = _with_adjoint("walk")
gradient_of_gain_negated = _with_adjoint("dgamma")
RIGHT = (*RIGHT, "adjoint")


def overwrites(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    s = dense(q, k, gamma, f)
    with torch.no_grad():
        f.copy_(s)
    return s


_BUFFERS: dict[tuple[int, ...], Tensor] = {}


def reuses_memory(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """Outputs of a shape share their memory."""
    if f.requires_grad or q.requires_grad or k.requires_grad or gamma.requires_grad:
        return dense(q, k, gamma, f)
    return _BUFFERS.setdefault((*f.shape,), torch.empty_like(f)).to(f.dtype).copy_(dense(q, k, gamma, f))


def contiguous_only(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """Reads f's memory as if it were contiguous."""
    return dense(q, k, gamma, torch.as_strided(f, f.shape, (f.shape[1] * f.shape[2], f.shape[2], 1)))


def width_of_signal(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> Tensor:
    """Logits are scaled by the width of f."""
    return dense(q * (q.shape[-1] / f.shape[-1]) ** 0.5, k, gamma, f)


WRONG: dict[str, str] = {
    "sign": "SolveSignFlipped",
    "multiplies": "SolveOneHop SolveSignFlipped",
    "transposed": "SolveTransposed",
    "one_hop": "SolveOneHop",
    "six_hops": "SolveHops",
    "unscaled": "FeedbackLogitsScale",
    "swapped": "FeedbackWeightsTransposed",
    "sees_itself": "FeedbackSeesItself",
    "gain_of_source": "GainOfSource",
    "gain_clamped": "GainClamped",
    "blocks_apart": "FeedbackBlocksDropped",
    "edge_missing": "SolveBlocksWithoutEdge",
    "edge_twice": "SolveBlocksEdgeTwice",
    "stale_tile": "SolveBlocksStale",
    "accumulates_in_half": "SolveAccumulatedFeedbackInFloat16",
    "accumulates_in_bfloat16": "SolveAccumulatedFeedbackInBfloat16",
    "tail_unread": "SolveTailDropped",
    "sum_of_row_before": "FeedbackWeightsSumOfRowBefore",
    "not_rescaled": "FeedbackSoftmaxNotRescaled",
    "tf32": "SolveFactorsInTfloat32",
    "gradient_without_tail": "GradientTailOfFeedbackLogits",
    "gradient_without_routing": "GradientRoutingDetached",
    "gradient_without_mean": "GradientSoftmaxMeanMissing",
    "gradient_unsolved": "GradientSolveDetached",
    "gradient_of_gain_negated": "GradientGain",
    "overwrites": "OverwritesInput",
    "reuses_memory": "KeepsState",
    "contiguous_only": "WrongForStridedInputs",
    "width_of_signal": "FeedbackLogitsScale",
}
"""Wrong solves, and what they are called."""
