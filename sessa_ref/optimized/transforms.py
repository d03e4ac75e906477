"""Questions about torch's modes and transforms, for functions with their own derivatives.

Some of them have no public name in torch; all private names that are used are here.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor, is_legacy_batchedtensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.autograd import forward_ad


def forward_mode() -> bool:
    """Whether derivatives are being pushed forward, by `torch.func.jvp` and its relatives or by dual numbers.

    There only torch's own operations are right: nested forward modes treat the `jvp` of a `torch.autograd.Function` as
    a constant, so the second derivative is silently 0.
    """
    return forward_ad._current_level >= 0


def function_transforms() -> bool:
    """Whether a transform of `torch.func` is at work."""
    return torch._C._are_functorch_transforms_active()


def only_plain(*tensors: Tensor) -> bool:
    """Whether only torch's own operations can take these: in forward mode, or mapped by `is_grads_batched=True`."""
    return forward_mode() or any(is_legacy_batchedtensor(tensor) for tensor in tensors)


def being_traced() -> bool:
    """Whether `torch.jit.trace` records what is done."""
    return torch._C._get_tracing_state() is not None


def has_no_values(tensor: Tensor) -> bool:
    """Whether the tensor has a shape but no values: on the meta device, or under `FakeTensorMode`."""
    return tensor.is_meta or isinstance(tensor, FakeTensor)


def without_wrappers(tensor: Tensor) -> Tensor:
    """The tensor inside the wrappers of `torch.func`, with the mapped axes, so that its values can be read."""
    while not torch.compiler.is_compiling() and is_functorch_wrapped_tensor(tensor):
        tensor = get_unwrapped(tensor)
    return tensor


def without_autocast(device: torch.device) -> AbstractContextManager:
    """A context without autocast; the meta device has none anyway."""
    return nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False)


def mapped_first(info: Any, in_dims: tuple, inputs: tuple) -> list:
    """For a `vmap` rule: the inputs with the mapped axis first in all of them; inputs without one get it."""
    return [
        x if not isinstance(x, Tensor) else x.expand(info.batch_size, *x.shape) if axis is None else x.movedim(axis, 0)
        for x, axis in zip(inputs, in_dims, strict=True)
    ]
