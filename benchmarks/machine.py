"""The machine, and the matrix product whose rate the methods are compared with."""

import platform
from pathlib import Path
from typing import Any

import psutil
import torch

from benchmarks.results import PRODUCT
from benchmarks.settings import Settings
from benchmarks.timing import Task


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


def matrix_product(settings: Settings) -> Task:
    """A product of two large square matrices, as a task among the methods."""
    n = settings.product_size
    generator = torch.Generator().manual_seed(2)
    factors = [torch.randn(n, n, generator=generator).to(settings.torch_dtype) for _ in range(2)]
    product = torch.empty_like(factors[0])
    return Task(PRODUCT, lambda _: torch.mm(*factors, out=product))


def product_operations(settings: Settings) -> float:
    """Floating-point operations of `matrix_product`."""
    return 2.0 * settings.product_size**3


def _processor() -> str:
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
