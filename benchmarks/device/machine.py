"""The device, its driver and its libraries."""

import shutil
import subprocess
from typing import Any

import torch

from benchmarks.machine import describe as describe_host


def describe(device: torch.device) -> dict[str, Any]:
    """The host and the device, JSON-ready; null for what does not exist."""
    found = describe_host() | {"device": str(device), "name": None, "device_memory_bytes": None, "capability": None}
    found |= {"cuda": torch.version.cuda, "hip": torch.version.hip, "cudnn": None, "driver": None}
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        found |= {"name": properties.name, "device_memory_bytes": properties.total_memory}
        found |= {"capability": f"{properties.major}.{properties.minor}", "cudnn": torch.backends.cudnn.version()}
        found["driver"] = _driver()
    return found


def _driver() -> str | None:
    """The version of NVIDIA's driver."""
    if shutil.which("nvidia-smi") is None:
        return None
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0].strip() if done.returncode == 0 and done.stdout else None
