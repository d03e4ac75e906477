"""The device that a torch implementation is on: tried before any work, and described in reports."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sessa_ref.oracle.implementation.protocol import MAYBE_TF32, ImplementationError, TargetError, first_line
from sessa_ref.precision import PRECISIONS

CPU = torch.device("cpu")

_DRIVER = Path("/proc/driver/nvidia/version")
_LOST = re.compile(r"(CUDA|HIP) error|Triton Error \[(CUDA|HIP)\]|illegal memory access")
"""What torch and Triton say where the device itself failed."""
_MIXED = re.compile(
    r"same device|(is|are|be|but) on (the )?(cpu|device)|cpu tensor\?|Placeholder storage", re.IGNORECASE
)
"""What torch and Triton say where tensors of several devices meet."""


def find(name: str) -> torch.device:
    """The device of this name, with its index, after a first sum on it.

    Raises:
        TargetError: torch knows no such device, it cannot be used here, or it holds no numbers.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise TargetError(f"device must be one that torch knows, such as cpu, cuda, mps or xpu; got {name!r}") from None
    if device.type == "meta":
        raise TargetError("device must hold numbers, which meta does not: nothing could be compared")
    try:
        ones = torch.ones(2, device=device)
        float((ones + ones).sum())
    except Exception as error:
        told = (str(error).strip().splitlines() or [type(error).__name__])[0].partition(". ")[0]
        raise TargetError(f"torch {torch.__version__} cannot use device {name} here: {told}") from None
    return ones.device


def lacking(device: torch.device) -> list[str]:
    """The precisions that a device does not have."""
    lacks = []
    for dtype in PRECISIONS:
        try:
            torch.ones(1, dtype=getattr(torch, dtype), device=device)
        except Exception:
            lacks.append(dtype)
    return lacks


def put(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The tensor on a device, with the same strides; itself where it is there."""
    if tensor.device == device:
        return tensor
    return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device=device).copy_(tensor)


def put_back(tensor: torch.Tensor, array: np.ndarray) -> None:
    """Write a tensor's numbers into the array that it was made from: what an implementation changes there is seen."""
    if tensor.device != CPU and array.flags.writeable:
        array[...] = tensor.detach().cpu().to(torch.from_numpy(array).dtype).numpy()


@contextmanager
def one_device(device: torch.device, module: Any = None) -> Iterator[None]:
    """A context in which a mixture of devices becomes one clear line, which names tensors that `module` left behind.

    Raises:
        ImplementationError: tensors of several devices met.
    """
    try:
        yield
    except ImplementationError:
        raise
    except Exception as error:
        told = first_line(error)
        if device == CPU or not _MIXED.search(told):
            raise
        left = ", ".join(_left_behind(module, device)) if isinstance(module, torch.nn.Module) else ""
        behind = f"{left}: no parameter or buffer, so it stays behind when the module moves to {device}; "
        raise ImplementationError(f"it mixes devices: {behind if left else ''}{told}") from error


def check_moved(module: torch.nn.Module, device: torch.device, name: str) -> None:
    """Check that `module.to(device)` moved all parameters and buffers.

    Raises:
        TargetError: some are elsewhere.
    """
    for own, tensor in (*module.named_parameters(), *module.named_buffers()):
        if tensor.device != device:
            raise TargetError(f"{name} mixes devices: after .to({device}), its {own} is on {tensor.device}")


def _left_behind(module: torch.nn.Module, device: torch.device) -> Iterator[str]:
    """Attributes that are tensors on another device."""
    for path, part in module.named_modules():
        for name, value in vars(part).items():
            values = (
                value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
            )
            if any(isinstance(one, torch.Tensor) and one.dim() and one.device != device for one in values):
                yield f"{path}.{name}".lstrip(".")


def is_lost(error: BaseException, device: torch.device) -> bool:
    """Whether an error of the device's own, an illegal address for example, leaves the whole process without it."""
    kind = getattr(torch, "AcceleratorError", None)
    chain: BaseException | None = error
    while chain is not None:
        if (kind is not None and isinstance(chain, kind)) or _LOST.search(str(chain)):
            return device != CPU
        chain = chain.__cause__
    return False


def limit_memory(device: torch.device, size: int) -> bool:
    """Let this process have at most `size` bytes of a device's memory; whether torch can limit it."""
    with suppress(Exception):
        library: Any = torch.get_device_module(device)
        found = library.mem_get_info(device) if hasattr(library, "mem_get_info") else None
        whole = found[1] if found else library.recommended_max_memory()
        setter = (
            getattr(library, "set_per_process_memory_fraction", None) or library.memory.set_per_process_memory_fraction
        )
        setter(min(size / whole, 1.0), *([device] if found else []))
        return True
    return False


def about(device: torch.device) -> dict[str, str]:
    """The device, its libraries, and the settings that decide how its products and sums are rounded, as they are now."""
    name, libraries = _hardware(device)
    return {"device": name, "libraries": libraries, "settings": "; ".join(_settings(device))}


@cache
def _hardware(device: torch.device) -> tuple[str, str]:
    name, libraries = str(device), [f"torch {torch.__version__}"]
    with suppress(Exception):
        name += f" ({torch.get_device_module(device).get_device_name(device)})"
    if device.type == "cuda":
        libraries += [f"CUDA {torch.version.cuda}"] if torch.version.cuda else []
        libraries += [f"ROCm {torch.version.hip}"] if torch.version.hip else []
        libraries += [f"cuDNN {torch.backends.cudnn.version()}"] if torch.backends.cudnn.is_available() else []
        with suppress(OSError):
            found = re.search(r"\d+\.\d[\d.]*", _DRIVER.read_text(encoding="utf-8"))
            libraries += [f"driver {found.group()}"] if found else []
    return name, ", ".join(libraries)


def _settings(device: torch.device) -> Iterator[str]:
    backend: Any = torch.backends.cuda if device.type == "cuda" else torch.backends.mkldnn
    products = getattr(getattr(backend, "matmul", None), "fp32_precision", None)
    if products is None:  # before torch 2.9
        products = {"high": "tf32", "medium": "bf16"}.get(torch.get_float32_matmul_precision())
    named = {"tf32": MAYBE_TF32, "bf16": "float32 products may be in bfloat16"}  # not all hardware has them
    yield named.get(str(products), "float32 products in float32")
    if device.type == "cuda":
        reduced = {"float16": "fp16", "bfloat16": "bf16"}
        on = [d for d, n in reduced.items() if getattr(backend.matmul, f"allow_{n}_reduced_precision_reduction", False)]
        yield f"reduced-precision reductions {'in ' + ' and '.join(on) if on else 'off'}"
    yield f"deterministic algorithms {'on' if torch.are_deterministic_algorithms_enabled() else 'off'}"
