"""The command protocol: one request is a folder, so that an implementation may be written in any language.

`case.json` (schema: `request_folder.schema.json`) and `case.safetensors` go in, `out.safetensors` comes out, or
`unsupported.txt` with a reason; `examples/implementations/README.md` describes it for authors.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import load_file, save

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.protocol import ImplementationError, UnsupportedError, Values
from sessa_ref.oracle.levels import LAYER, LEVELS
from sessa_ref.parameters import SessaParameters
from sessa_ref.precision import PRECISIONS

PROTOCOL_VERSION = 2
LARGEST_ANSWER = 2**30
"""Bytes of an answer; those of the battery need less than a tenth."""

COMMAND_OPERATIONS = ("forward", "vjp", "decode")


def write_case(folder: Path, operation: str, case: Case, dtype: str) -> None:
    """Write a request. `case` must already be rounded to `dtype`, so that storing it loses nothing."""
    about = {
        "protocol": PROTOCOL_VERSION,
        "operation": operation,
        "level": case.level.name,
        "dtype": dtype,
        "split": case.split,
        "lengths": case.lengths,
        "config": asdict(case.parameters.config),
    }
    (folder / "case.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
    carrier = PRECISIONS[dtype].carrier
    tensors = case.level.split(case.parameters.config, case.x) | {f"d{case.level.output}": case.dy}
    tensors |= {f"param.{name}": a for name, a in case.parameters.items()}
    stored = {name: np.asarray(array.astype(carrier), order="C") for name, array in tensors.items()}
    (folder / "case.safetensors").write_bytes(save(stored))


def read_case(folder: Path) -> tuple[str, Case, str]:
    """The operation, the case and the dtype of a request that `write_case` wrote."""
    about: dict[str, Any] = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    if about["protocol"] != PROTOCOL_VERSION:
        raise ValueError(f"case.json has protocol version {about['protocol']}, expected {PROTOCOL_VERSION}")
    tensors = load_file(folder / "case.safetensors")
    level, config = LEVELS[about["level"]], SessaConfig(**about["config"])
    given = {name.removeprefix("param."): a for name, a in tensors.items() if name.startswith("param.")}
    made = SessaParameters if level == LAYER else SessaParameters.unchecked
    x = level.join({name: tensors[name].astype(np.float64) for name in level.inputs(config)})
    dy = tensors[f"d{level.output}"].astype(np.float64)
    case = Case(
        folder.name, "", made(config, given), x, dy, about["split"], lengths=tuple(about["lengths"]), level=level
    )
    return about["operation"], case, about["dtype"]


def write_output(folder: Path, values: Values) -> None:
    """Write an answer.

    Raises:
        OSError: it cannot be written.
    """
    stored = {name: np.array(array, order="C", copy=True) for name, array in values.items()}
    (folder / "out.safetensors").write_bytes(save(stored))


def read_output(folder: Path) -> Values:
    """The answer to a request.

    Raises:
        ImplementationError: there is none, or it is not a safetensors file that NumPy can read.
    """
    path = folder / "out.safetensors"
    if not path.is_file():
        raise ImplementationError("it wrote no out.safetensors")
    size = path.stat().st_size
    if size > LARGEST_ANSWER:
        raise ImplementationError(f"its out.safetensors is too large: {size / 2**20:.0f} MiB")
    try:
        return load_file(path)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise ImplementationError(f"its out.safetensors cannot be read: {error}") from None


def check_supported(folder: Path) -> None:
    """Look whether a program declined the request.

    Raises:
        UnsupportedError: it did; the message is its reason.
        ImplementationError: it did, but without a reason, or with an answer beside it.
    """
    path = folder / "unsupported.txt"
    if not path.is_file():
        return
    with path.open("rb") as file:
        lines = file.read(_LONGEST_REASON).decode("utf-8", errors="replace").strip().splitlines()
    if not lines:
        raise ImplementationError("its unsupported.txt is empty; it must say what it does not support")
    if (folder / "out.safetensors").exists():
        raise ImplementationError("it wrote both out.safetensors and unsupported.txt")
    raise UnsupportedError(lines[0])


_LONGEST_REASON = 1000
