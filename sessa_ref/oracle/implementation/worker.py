"""The process that a Python implementation runs in, which `runners.WorkerImplementation` starts.

The oracle writes one request folder per line to standard input, which the implementation never sees. Answers go
to files, because standard output belongs to the implementation: each request folder gets `answer.json` when it is done,
and the first one `started.json`, which says whether the target loaded, and what it declares. Both say what it runs on.
"""

import errno
import os
from collections.abc import Callable, Iterator
from functools import partial
from json import dumps
from pathlib import Path
from typing import Any

from sessa_ref.oracle.implementation.protocol import (
    Adapter,
    ImplementationError,
    TargetError,
    UnsupportedError,
    about,
    first_line,
)
from sessa_ref.oracle.implementation.request_folder import read_case, write_output
from sessa_ref.oracle.implementation.requests import perform
from sessa_ref.oracle.implementation.targets import as_adapter, block_sizes_of, load_object
from sessa_ref.oracle.levels import LEVELS

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)


def main(target: str, answers: str, level: str, device: str, memory: str) -> None:
    """Load the target and serve requests until standard input ends; `memory` is the limit of the device's, in bytes."""
    requests, started = _requests(), Path(answers) / "started.json"
    try:
        implementation = load_object(target)
        adapter = as_adapter(implementation, target, LEVELS[level], device)
        told: dict[str, Any] = {"block_sizes": block_sizes_of(implementation)}
    except TargetError as error:
        _answer(started, {"target_error": str(error)})
        return
    is_lost: Callable[[BaseException], bool] = lambda error: False  # noqa: E731
    unlimited: dict[str, str] = {}
    if device != "cpu":
        from sessa_ref.oracle.implementation import devices  # imports torch

        found = devices.find(device)
        if not devices.limit_memory(found, int(memory)):
            unlimited = {"memory": "--memory-limit has no effect on the device's memory"}
        is_lost = partial(devices.is_lost, device=found)
        told["lacking"] = devices.lacking(found)
    _answer(started, told | {"about": about(adapter) | unlimited})
    for folder in requests:
        _answer(folder / "answer.json", _serve(adapter, folder, is_lost) | {"about": about(adapter) | unlimited})


def _requests() -> Iterator[Path]:
    """The request folders as they come; the implementation's own standard input is empty."""
    lines = os.fdopen(os.dup(0), encoding="utf-8", errors="surrogateescape")  # no child inherits the copy
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    return (Path(line.rstrip("\n")) for line in lines)


def _serve(adapter: Adapter, folder: Path, is_lost: Callable[[BaseException], bool]) -> dict[str, Any]:
    try:
        operation, case, dtype = read_case(folder)
        values = perform(adapter, operation, case, dtype)
    except TargetError as error:
        return {"target_error": str(error)}
    except UnsupportedError as error:
        return {"unsupported": str(error)}
    except ImplementationError as error:
        label = {"label": error.label.key} if error.label is not None else {}
        return {"error": str(error), "lost": is_lost(error), **label}
    except SystemExit:  # the implementation ended this process
        raise
    except BaseException as error:  # whatever the implementation raises
        return {"error": first_line(error), "lost": is_lost(error)}
    try:
        write_output(folder, values)
    except OSError as error:
        if error.errno not in _DISK:
            return {"error": f"its answer cannot be written: {error}"}
        (folder / "out.safetensors").unlink(missing_ok=True)  # makes room for the answer
        return {"disk": error.strerror or str(error)}
    except Exception as error:
        return {"error": f"its answer cannot be written: {first_line(error)}"}
    return {}


def _answer(path: Path, answer: dict[str, Any]) -> None:
    # Renaming makes the file appear whole or not at all.
    partial = path.with_suffix(".partial")
    partial.write_text(dumps(answer), encoding="utf-8")
    partial.replace(path)
