"""A device without hardware, "faraway": its tensors live in the CPU's memory but take no part in the CPU's operations.

Importing this module gives torch the device. Each tensor wraps one of the CPU; operations on wrapped tensors are those of
the CPU, and one that is given tensors of both fails as it does on a GPU. `allocated` counts, so that a test can see that
something was there.
"""

from typing import Any

import torch
from torch.utils import backend_registration
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = "faraway"
LACKS: set[torch.dtype] = set()
"""Types of numbers that the device refuses."""
allocated = 0
_ACROSS = {torch.ops.aten.copy_.default, torch.ops.aten._to_copy.default}


class Faraway(torch.Tensor):
    """A tensor on the device."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> "Faraway":
        global allocated
        allocated += 1
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.size(), strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype,
            device=torch.device(DEVICE, 0),
        )  # fmt: skip
        made.held = held
        return made

    __torch_function__: Any = torch._C._disabled_torch_function_impl

    def tolist(self) -> Any:
        return self.held.tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        parts = [part for part in tree_leaves((args, kwargs)) if isinstance(part, torch.Tensor)]
        here = [part for part in parts if not isinstance(part, cls) and part.dim()]
        if here and func not in _ACROSS:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, {DEVICE}:0 and cpu!"
            )
        goes_home = "device" in kwargs and torch.device(kwargs["device"]).type == "cpu"
        if "device" in kwargs:
            kwargs["device"] = torch.device("cpu")
        result = func(*tree_map(_held, args), **tree_map(_held, kwargs))
        if goes_home:
            return result
        changed = {id(_held(part)): part for part in parts}  # by operations in place
        assert all(part.size() == _held(part).size() for part in parts), f"{func} resizes a tensor"
        return tree_map(lambda value: changed.get(id(value)) if id(value) in changed else _wrapped(value), result)


def _held(value: Any) -> Any:
    return value.held if isinstance(value, Faraway) else value


def _wrapped(value: Any) -> Any:
    return Faraway(value.resolve_conj().resolve_neg()) if isinstance(value, torch.Tensor) else value


class _Library(backend_registration._DummyBackendModule):
    fraction = 1.0
    memory = 2**40

    def is_available(self) -> bool:
        return False  # so that what looks for any accelerator, such as torch's DataParallel, passes over this one

    def get_device_name(self, device: Any = None) -> str:
        return "Faraway One"

    def mem_get_info(self, device: Any = None) -> tuple[int, int]:
        return self.memory, self.memory

    def set_per_process_memory_fraction(self, fraction: float, device: Any = None) -> None:
        self.fraction = fraction

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


LIBRARY = _Library()
backend_registration._setup_privateuseone_for_python_backend(DEVICE, LIBRARY)


@torch.library.impl("aten::empty.memory_format", DEVICE)
def _empty(size, dtype=None, layout=None, device=None, pin_memory=None, memory_format=None):
    if dtype in LACKS:
        raise TypeError(f"the device has no {dtype}")
    return Faraway(torch.empty(size, dtype=dtype, memory_format=memory_format, device="cpu"))


@torch.library.impl("aten::empty_strided", DEVICE)
def _empty_strided(size, stride, dtype=None, layout=None, device=None, pin_memory=None):
    return Faraway(torch.empty_strided(size, stride, dtype=dtype, device="cpu"))


@torch.library.impl("aten::_copy_from", DEVICE)
def _copy_from(source, target, non_blocking=False):
    _held(target).copy_(_held(source))
    return target


def _arange(*numbers, dtype=None, **placing):
    return Faraway(torch.arange(*numbers, dtype=dtype, device="cpu"))


for _overload in ("arange", "arange.start", "arange.start_step"):
    torch.library.impl(f"aten::{_overload}", DEVICE)(_arange)
