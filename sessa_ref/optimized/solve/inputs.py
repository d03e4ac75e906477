"""The checks of q, k, gamma and f, before anything is computed; the same wherever a feedback system is solved."""

import torch
from torch import Tensor

from sessa_ref.optimized.arguments import require_floating


def working_dtype(q: Tensor, k: Tensor, gamma: Tensor, f: Tensor) -> torch.dtype:
    """The dtype to solve in: the widest of the inputs, and at least float32.

    Raises:
        TypeError: an input is no tensor of floating-point numbers.
        ValueError: the shapes or devices do not belong together.
    """
    inputs = {"q": q, "k": k, "gamma": gamma, "f": f}
    require_floating(**inputs)
    shapes = [tuple(tensor.shape) for tensor in inputs.values()]
    if q.dim() < 2 or q.shape != k.shape or q.shape[:-1] != f.shape[:-1] or gamma.shape != f.shape[:-1]:
        raise ValueError(
            "q and k must have shape (..., T, d_b), gamma (..., T) and f (..., T, D), "
            f"got {shapes[0]}, {shapes[1]}, {shapes[2]} and {shapes[3]}"
        )
    if q.shape[-1] == 0 or f.shape[-1] == 0:
        raise ValueError(f"q and f must have a width of at least 1, got shapes {shapes[0]} and {shapes[3]}")
    for name, tensor in inputs.items():
        if tensor.device != q.device:
            raise ValueError(f"{name} must be on the device of q, {q.device}, got {tensor.device}")
    return widest_dtype(*inputs.values())


def widest_dtype(*tensors: Tensor) -> torch.dtype:
    """The widest dtype of the tensors, and at least float32."""
    widest = torch.float32
    for tensor in tensors:
        widest = torch.promote_types(widest, tensor.dtype)
    return widest


def factor_dtype(q: Tensor, k: Tensor, f: Tensor, working: torch.dtype) -> torch.dtype:
    """The dtype of what is multiplied in products that add up in `working`: bfloat16 if q, k and f are, else `working`.

    Only NVIDIA's GPUs have such products in torch. Float16 has too narrow a range for weights and cotangents of long rows.
    """
    halves = q.dtype == k.dtype == f.dtype == torch.bfloat16
    return q.dtype if halves and working == torch.float32 and sums_in_float32(q.device) else working


def sums_in_float32(device: torch.device) -> bool:
    """Whether torch multiplies half precision and adds up in float32 there, with a result in float32."""
    return device.type == "cuda" and torch.version.cuda is not None and hasattr(torch.ops.aten.baddbmm, "dtype_out")
