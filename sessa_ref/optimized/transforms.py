"""What a function with derivatives of its own has to know about torch's modes and transforms."""

from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.autograd import forward_ad


def forward_mode() -> bool:
    """Whether derivatives are being pushed forward, by `torch.func.jvp` and its relatives or by dual numbers.

    There only torch's own operations are right: nested, forward modes take the `jvp` of a
    `torch.autograd.Function` for a constant, and the second derivative is silently 0.
    """
    return forward_ad._current_level >= 0


def has_no_values(tensor: Tensor) -> bool:
    """Whether the tensor has a shape alone: on the meta device, or under `FakeTensorMode`."""
    return tensor.is_meta or isinstance(tensor, FakeTensor)


def mapped_first(info: Any, in_dims: tuple, inputs: tuple) -> list:
    """For a `vmap` rule: the inputs with the mapped axis in front of all, also where it was missing."""
    return [
        x if not isinstance(x, Tensor) else x.expand(info.batch_size, *x.shape) if axis is None else x.movedim(axis, 0)
        for x, axis in zip(inputs, in_dims, strict=True)
    ]
