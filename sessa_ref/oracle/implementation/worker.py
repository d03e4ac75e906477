"""The process that a Python implementation runs in, which `runners.WorkerImplementation` starts.

The oracle writes one request folder per line to standard input, which the implementation never sees. Answers go
to files, because standard output belongs to the implementation: each request folder gets `answer.json` when it is done,
and the first one `started.json`, which says whether the target loaded.
"""

import errno
import os
from collections.abc import Iterator
from json import dumps
from pathlib import Path

from sessa_ref.oracle.implementation.protocol import (
    Adapter,
    ImplementationError,
    TargetError,
    UnsupportedError,
    first_line,
)
from sessa_ref.oracle.implementation.request_folder import read_case, write_output
from sessa_ref.oracle.implementation.requests import perform
from sessa_ref.oracle.implementation.targets import load_target
from sessa_ref.oracle.levels import LEVELS

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)


def main(target: str, answers: str, level: str) -> None:
    """Load the target and serve requests until standard input ends."""
    requests = _requests()
    try:
        adapter = load_target(target, LEVELS[level])
    except TargetError as error:
        _answer(Path(answers) / "started.json", {"target_error": str(error)})
        return
    _answer(Path(answers) / "started.json", {})
    for folder in requests:
        _answer(folder / "answer.json", _serve(adapter, folder))


def _requests() -> Iterator[Path]:
    """The request folders as they come; the implementation's own standard input is empty."""
    lines = os.fdopen(os.dup(0), encoding="utf-8", errors="surrogateescape")  # no child inherits the copy
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    return (Path(line.rstrip("\n")) for line in lines)


def _serve(adapter: Adapter, folder: Path) -> dict[str, str]:
    try:
        operation, case, dtype = read_case(folder)
        values = perform(adapter, operation, case, dtype)
    except TargetError as error:
        return {"target_error": str(error)}
    except UnsupportedError as error:
        return {"unsupported": str(error)}
    except ImplementationError as error:
        return {"error": str(error)} | ({"label": error.label.key} if error.label is not None else {})
    except SystemExit:  # the implementation ended this process
        raise
    except BaseException as error:  # whatever the implementation raises
        return {"error": first_line(error)}
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


def _answer(path: Path, answer: dict[str, str]) -> None:
    # Renaming makes the file appear whole or not at all.
    partial = path.with_suffix(".partial")
    partial.write_text(dumps(answer), encoding="utf-8")
    partial.replace(path)
