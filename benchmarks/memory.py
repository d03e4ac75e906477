"""Peak memory of one call, in a process of its own; and whether a call fits at all.

As a module it is that process: `python -m benchmarks.memory REQUEST` prints the answer as one line of JSON.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any, Literal

import psutil

from benchmarks.settings import Settings

Status = Literal["measured", "over memory", "over time", "failed"]
_SIGKILL = -9  # sent by the system when memory runs out
_OUT_OF_MEMORY = ("allocate memory", "bad_alloc", "MemoryError", "not enough memory")


@dataclass(frozen=True)
class Probe:
    """The outcome of one call in its own process."""

    status: Status
    peak_bytes: int | None = None
    """Largest resident memory of the process, from its start to the end of the call; for decoding, while it steps."""
    before_bytes: int | None = None
    """For decoding, resident memory before the steps; None where the system cannot reset the peak."""
    message: str = ""
    """What went wrong, where the status is "failed"."""


def probe(settings: Settings, method: str, measurement: str, T: int) -> Probe:
    """Run one call in a new process, within the limits of the settings.

    Args:
        settings: shapes, dtype, threads and limits.
        method: name of the method.
        measurement: name of the call, or "baseline": import everything and build the layer, nothing more.
        T: tokens.
    """
    request = json.dumps({"settings": asdict(settings), "method": method, "measurement": measurement, "T": T})
    command = [sys.executable, "-m", "benchmarks.memory", request]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=settings.time_limit, check=False)
    except subprocess.TimeoutExpired:
        return Probe("over time")
    if done.returncode == 0:
        return Probe("measured", **json.loads(done.stdout.splitlines()[-1]))
    if done.returncode == _SIGKILL or any(sign in done.stderr for sign in _OUT_OF_MEMORY):
        return Probe("over memory")
    lines = done.stderr.strip().splitlines()
    return Probe("failed", message=lines[-1] if lines else f"exit status {done.returncode}")


def peak_bytes() -> int:
    """Largest resident memory of this process since it started, in bytes."""
    if sys.platform == "linux":
        # Not ru_maxrss: a new process inherits it from the one that started it, which has itself grown large.
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def begin_new_peak() -> int | None:
    """Let `peak_bytes` count from now on; returns the memory resident now, or None where the system cannot."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return None
    return peak_bytes()


def _limit_memory(gigabytes: float) -> None:
    """Limit what this process may allocate beyond what it has now; systems without such a limit ignore it."""
    import resource

    limit = psutil.Process().memory_info().vms + int(gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _answer(request: str) -> dict[str, int | None]:
    import torch

    from benchmarks.calls import CALLS
    from benchmarks.methods import method

    asked = json.loads(request)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in asked["settings"].items()
    }
    settings = Settings(**values)
    torch.set_num_threads(settings.threads)
    layer = method(asked["method"], settings.published).build(settings)
    _limit_memory(settings.memory_limit)
    before = None
    if asked["measurement"] != "baseline":
        task = CALLS[asked["measurement"]](asked["method"], layer, settings, asked["T"])
        prepared = task.prepare()
        if asked["measurement"] == "decode":
            task.run(task.prepare())  # what a first step allocates once is not what a step needs
            before = begin_new_peak()
        task.run(prepared)
    return {"peak_bytes": peak_bytes(), "before_bytes": before}


if __name__ == "__main__":
    print(json.dumps(_answer(sys.argv[1])))
