"""The blocked solve and its vector-Jacobian product on a GPU: checks the tensors and launches `triton_kernels`.

Tested by Triton's interpreter, and compiled for NVIDIA GPUs; not yet run or timed on a GPU.

Memory is linear in T: no T x T array exists. First each row's log-sum-exp is computed, all row blocks in parallel.
With it, weights are known at once wherever they are needed, and one program per sequence and slice of the width D
walks the blocks in order: what the finished blocks contribute is attention whose values are the states already
known, and inside a block a small unit-triangular system remains. The adjoint is the same walk backwards. With
lambda known, what is left is parallel over the blocks, as in the backward pass of attention.

Slices do not wait for each other; the price is that each of them recomputes the logits.

float32 stays float32 (no TF32). For 16-bit inputs every product is computed and summed in float32.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

try:
    import triton
except ImportError as error:
    raise ImportError(
        "the Triton kernels need the package triton, which is not installed here: pip install triton"
    ) from error

from sessa_ref.optimized.solve import triton_kernels as kernels


def solve(
    q: Tensor, k: Tensor, gamma: Tensor, f: Tensor
) -> tuple[Float[Tensor, "N T D"], Float[Tensor, "N T D"], Float[Tensor, "N T"]]:
    """The solution s of s_t = f_t + gamma_t w_t, w_t = sum over j < t of alpha_tj s_j, (19) to (22).

    alpha is the softmax of <q_t, k_j> d^(-1/2) over j < t; row 0 has no weights, so w_0 = 0. There is no autograd
    inside. A token that is not finite spoils its whole block of 32 and what follows: keep such tokens out.

    Args:
        q: feedback queries, shape (N, T, d), any strides, as all arguments; float16, bfloat16, float32 or float64.
        k: feedback keys, shape (N, T, d).
        gamma: gains, shape (N, T). Rounding errors grow with the powers of |gamma_t|, so |gamma_t| <= 1 is meant.
        f: forward signal, shape (N, T, D).

    Returns:
        (s, w, lse) with lse_t the log of the sum over j < t of exp(logit_tj), lse_0 = -inf; float64 if any argument
        is float64, else float32.

    Raises:
        TypeError: an argument is not of one of the four dtypes.
        ValueError: shapes or devices do not fit together, or the tensors are not on a GPU.
    """
    N, T, d, D = _sizes(q=q, f=f)
    q, k, gamma, f = _checked({"q": (q, (N, T, d)), "k": (k, (N, T, d)), "gamma": (gamma, (N, T)), "f": (f, (N, T, D))})
    working = _working_dtype(q, k, gamma, f)
    s, w = f.new_empty(N, T, D, dtype=working), f.new_empty(N, T, D, dtype=working)
    lse = f.new_empty(N, T, dtype=working)
    blocks, chunk, precision = _pieces(T, kernels.BLOCK.value), _tile_width(d), _logit_precision(q, k, working)
    _launch(kernels.log_sum_exp, (N, blocks), q, k, lse, T, d, chunk, precision)
    part = _tile_width(D)
    slices = _pieces(D, part)
    _launch(kernels.solve, (N, slices), q, k, gamma, f, lse, s, w, T, d, D, chunk, part, precision)
    return s, w, lse


def vjp(
    q: Tensor, k: Tensor, gamma: Tensor, s: Tensor, w: Tensor, lse: Tensor, ds: Tensor
) -> tuple[Float[Tensor, "N T d"], Float[Tensor, "N T d"], Float[Tensor, "N T"], Float[Tensor, "N T D"]]:
    """Gradients of sum(ds * s).

    With lambda = (I - B)^(-T) ds and B_tj = gamma_t alpha_tj:

        df = lambda, dgamma_t = <lambda_t, w_t>, dlogit_tj = alpha_tj gamma_t <lambda_t, s_j - w_t>,
        dq_t = d^(-1/2) sum over j of dlogit_tj k_j, dk_j = d^(-1/2) sum over t of dlogit_tj q_t.

    Args:
        q: as given to `solve`.
        k: as given to `solve`.
        gamma: as given to `solve`.
        s: as returned by `solve`.
        w: as returned by `solve`.
        lse: as returned by `solve`; lse_0 is not used.
        ds: the cotangent of s, shape (N, T, D).

    Returns:
        (dq, dk, dgamma, df), float64 if any argument is float64, else float32.

    Raises:
        TypeError, ValueError: as `solve`.
    """
    N, T, d, D = _sizes(q=q, s=s)
    q, k, gamma, s, w, lse, ds = _checked(
        {"q": (q, (N, T, d)), "k": (k, (N, T, d)), "gamma": (gamma, (N, T)), "s": (s, (N, T, D))}
        | {"w": (w, (N, T, D)), "lse": (lse, (N, T)), "ds": (ds, (N, T, D))}
    )
    working = _working_dtype(q, k, gamma, s, w, lse, ds)
    df = s.new_empty(N, T, D, dtype=working)
    dq, dk = s.new_empty(N, T, d, dtype=working), s.new_empty(N, T, d, dtype=working)
    blocks, chunk, precision = _pieces(T, kernels.BLOCK.value), _tile_width(d), _logit_precision(q, k, working)
    part = _tile_width(D)
    slices = _pieces(D, part)
    _launch(kernels.adjoint_solve, (N, slices), q, k, gamma, lse, ds, df, T, d, D, chunk, part, precision)
    dgamma = (df * w).sum(dim=-1)
    chunk, part = _tile_width(max(d, D)), _tile_width(d)
    grid = (N, blocks, _pieces(d, part))
    _launch(kernels.query_gradient, grid, q, k, gamma, lse, s, df, dgamma, dq, T, d, D, chunk, part, precision)
    _launch(kernels.key_gradient, grid, q, k, gamma, lse, s, df, dgamma, dk, T, d, D, chunk, part, precision)
    return dq, dk, dgamma, df


_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def _sizes(**tensors: Tensor) -> tuple[int, int, int, int]:
    """N, T, d and D, from q and from a tensor that is as wide as the layer."""
    for name, tensor in tensors.items():
        if tensor.ndim != 3:
            raise ValueError(f"{name} must have shape (N, T, width), got {tuple(tensor.shape)}")
    q, wide = tensors.values()
    if q.shape[-1] == 0:
        raise ValueError("q must have a width of at least 1, got 0")
    return q.shape[0], q.shape[1], q.shape[2], wide.shape[2]


def _checked(tensors: dict[str, tuple[Tensor, tuple[int, ...]]]) -> list[Tensor]:
    """The tensors, contiguous, once shapes, dtypes and devices are what the kernels can take."""
    device = tensors["q"][0].device
    for name, (tensor, shape) in tensors.items():
        if tensor.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {tuple(tensor.shape)}")
        if tensor.dtype not in _DTYPES:
            raise TypeError(f"{name} must be float16, bfloat16, float32 or float64, got {tensor.dtype}")
        if tensor.device != device:
            raise ValueError(f"{name} must be on q's device {device}, got {tensor.device}")
    if device.type == "cpu" and isinstance(kernels.solve, triton.JITFunction):
        raise ValueError("q must be on a GPU, got cpu (on a CPU the kernels run only in Triton's interpreter)")
    return [tensor.contiguous() for tensor, _ in tensors.values()]


def _working_dtype(*tensors: Tensor) -> torch.dtype:
    return torch.float64 if any(tensor.dtype == torch.float64 for tensor in tensors) else torch.float32


def _logit_precision(q: Tensor, k: Tensor, working: torch.dtype) -> str:
    """The precision in which q and k, read as `working`, are multiplied: their products are exact.

    A 16-bit number fits into TF32, and the product of two into float32, so tensor cores may be used for those.
    """
    narrow = q.element_size() == k.element_size() == 2 and working == torch.float32
    return "tf32" if narrow and torch.version.hip is None else "ieee"


def _tile_width(width: int) -> int:
    """How many columns of a row are in one tile: a power of two.

    Matrix products need at least 16; with more than 64 a program's tiles do not fit into a GPU's registers.
    """
    return min(max(1 << (width - 1).bit_length(), 16), 64)


def _pieces(length: int, size: int) -> int:
    return -(-length // size)


def _launch(program: Any, grid: tuple[int, ...], *arguments: Any) -> None:
    if 0 in grid:
        return
    with torch.cuda.device_of(arguments[0]):
        # No software pipelining: it may move reads before the writes that they depend on.
        program[grid](*arguments, num_warps=8, num_stages=1)
