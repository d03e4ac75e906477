"""Finding and waiting for processes that an implementation started."""

import time
from pathlib import Path

import psutil


def living(folder: Path, mark: str) -> list[psutil.Process]:
    """Processes that sleep for `mark` seconds, or have `folder` as their temporary one."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.cmdline()[1:] == [mark] or process.environ().get("TMPDIR") == str(folder)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            pass
    return found


def eventually(condition, seconds=60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())
