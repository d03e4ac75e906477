"""Checks of the layer's arguments, before anything is computed."""

import operator
from typing import Any

import torch
from torch import Tensor, nn

from sessa_ref.optimized.transforms import being_traced

_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def require_floating(**tensors: Tensor) -> None:
    """Raise TypeError, with the argument's name, unless all are tensors of floating-point numbers."""
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a torch tensor, got {type(tensor).__name__}")
        if tensor.layout != torch.strided or tensor.is_nested:
            kind = "a nested one" if tensor.is_nested else tensor.layout
            raise TypeError(f"{name} must be a dense tensor, padded where rows differ in length, got {kind}")
        if tensor.dtype not in _DTYPES:
            raise TypeError(f"{name} must be float16, bfloat16, float32 or float64, got {tensor.dtype}")


def require_floating_dtype(name: str, dtype: torch.dtype) -> None:
    """Raise TypeError, with the argument's name, unless the dtype is one of floating-point numbers."""
    if dtype not in _DTYPES:
        raise TypeError(f"{name} must be float16, bfloat16, float32 or float64, got {dtype}")


def whole_number(name: str, value: Any, least: int = 0) -> int:
    """`value` as an int; whole numbers of NumPy and torch are taken as well.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is less than `least`.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {number}")
    return number


def require_tokens(name: str, x: Tensor, axes: int, width: int, linear: nn.Module) -> None:
    """Raise unless x holds tokens of this width, on at least `axes` axes, that the layer's linear maps can take.

    Raises:
        TypeError: x is no tensor of floating-point numbers, or not of the map's dtype, while autocast is off.
        ValueError: x has the wrong shape or device.
        RuntimeError: `torch.jit.trace` is at work.
    """
    if not torch.compiler.is_compiling() and being_traced():
        raise RuntimeError("torch.jit.trace would tie the layer to one number of tokens: use torch.export")
    require_floating(**{name: x})
    if x.dim() < axes or x.shape[-1] != width:
        wanted = {2: "(..., T, D)", 3: "(batch, T, D)"}[axes]
        raise ValueError(f"{name} must have shape {wanted} with D={width}, got {tuple(x.shape)}")
    plain = type(linear) is nn.Linear and not linear._forward_pre_hooks and "forward" not in vars(linear)
    if torch.compiler.is_compiling() or not plain:  # a quantised or offloaded map checks for itself
        return
    weight = linear.weight
    if x.device != weight.device:
        raise ValueError(f"{name} must be on the device of the parameters, {weight.device}, got {x.device}")
    if x.dtype != weight.dtype and weight.dtype in _DTYPES and not torch.is_autocast_enabled(x.device.type):
        raise TypeError(f"{name} must have the dtype of the parameters, {weight.dtype}, got {x.dtype}")
