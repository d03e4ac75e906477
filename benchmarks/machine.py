"""The machine: what it is, and how fast it multiplies matrices."""

import platform
import time
from pathlib import Path
from typing import Any

import psutil
import torch

from benchmarks.settings import Settings


def describe() -> dict[str, Any]:
    """Processor, cores, memory and versions, JSON-ready."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=False),
        "logical_cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


class ProductRate:
    """The best rate of a large square matrix product seen so far, in floating-point operations per second.

    Measured again between the other measurements, so that it is the rate of the same machine in the same state.
    """

    def __init__(self, settings: Settings) -> None:
        n = settings.product_size
        generator = torch.Generator().manual_seed(2)
        self._factors = [torch.randn(n, n, generator=generator).to(settings.torch_dtype) for _ in range(2)]
        self._product = torch.empty_like(self._factors[0])
        self.operations = 2 * n**3
        self.best = 0.0

    def measure(self, times: int = 3) -> None:
        """Time a few more products."""
        for _ in range(times):
            start = time.perf_counter()
            torch.mm(*self._factors, out=self._product)
            self.best = max(self.best, self.operations / (time.perf_counter() - start))


def _processor() -> str:
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
