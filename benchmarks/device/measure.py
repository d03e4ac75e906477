"""Time and peak memory of one call on a device."""

import time
from collections.abc import Callable
from typing import NamedTuple

import torch


class Measured(NamedTuple):
    """What one call takes."""

    seconds: tuple[float, ...]
    """One number per repetition."""
    peak_bytes: int | None
    """Largest memory that tensors took at one time, inputs included; None where the device does not count it."""


def measure(call: Callable[[], object], device: torch.device, repetitions: int, budget: float) -> Measured:
    """Repeat a call after a first one, which is not timed, and in which the peak of memory is found.

    The clock runs from an idle device to an idle device, so that launches are included.

    Args:
        call: what to time.
        device: where it works.
        repetitions: calls to time at least.
        budget: seconds until which it is repeated further.
    """
    module, where = torch.get_device_module(device), () if device.index is None else (device,)
    counts = hasattr(module, "max_memory_allocated")
    if counts:
        module.reset_peak_memory_stats(*where)
    call()
    module.synchronize(*where)
    peak = module.max_memory_allocated(*where) if counts else None
    seconds: list[float] = []
    while len(seconds) < repetitions or sum(seconds) < budget:
        start = time.perf_counter()
        call()
        module.synchronize(*where)
        seconds.append(time.perf_counter() - start)
    return Measured(tuple(seconds), peak)
