"""The command protocol: one request is a folder, so that a candidate may be written in any language.

`case.json` (schema: `protocol.schema.json`) and `case.safetensors` go in, `out.safetensors` comes out;
`examples/implementations/README.md` describes it for authors.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

from sessa_ref.config import SessaConfig
from sessa_ref.oracle.candidate import CandidateError, Values
from sessa_ref.oracle.cases import Case
from sessa_ref.oracle.precision import PRECISIONS
from sessa_ref.parameters import SessaParameters

PROTOCOL_VERSION = 1
UNSUPPORTED_STATUS = 3
"""Exit status by which a command says that it does not implement an operation."""

COMMAND_OPERATIONS = ("forward", "vjp", "decode")


def write_case(folder: Path, operation: str, case: Case, dtype: str) -> None:
    """Write a request. `case` must already be rounded to `dtype`, so that storing it loses nothing."""
    about = {
        "protocol": PROTOCOL_VERSION,
        "operation": operation,
        "dtype": dtype,
        "split": case.split,
        "config": asdict(case.parameters.config),
    }
    (folder / "case.json").write_text(json.dumps(about, indent=1))
    carrier = PRECISIONS[dtype].carrier
    tensors = {"x": case.x, "dy": case.dy} | {f"param.{name}": a for name, a in case.parameters.items()}
    stored = {name: np.asarray(array.astype(carrier), order="C") for name, array in tensors.items()}
    save_file(stored, folder / "case.safetensors")


def read_case(folder: Path) -> tuple[str, Case, str]:
    """The operation, the case and the dtype of a request that `write_case` wrote."""
    about: dict[str, Any] = json.loads((folder / "case.json").read_text())
    if about["protocol"] != PROTOCOL_VERSION:
        raise ValueError(f"case.json has protocol version {about['protocol']}, expected {PROTOCOL_VERSION}")
    tensors = load_file(folder / "case.safetensors")
    parameters = SessaParameters(
        SessaConfig(**about["config"]),
        {name.removeprefix("param."): a for name, a in tensors.items() if name.startswith("param.")},
    )
    x, dy = (tensors[name].astype(np.float64) for name in ("x", "dy"))
    return about["operation"], Case(folder.name, "", parameters, x, dy, about["split"]), about["dtype"]


def write_output(folder: Path, values: Values) -> None:
    """Write an answer."""
    stored = {name: np.array(array, order="C", copy=True) for name, array in values.items()}
    save_file(stored, folder / "out.safetensors")


def read_output(folder: Path) -> Values:
    """The answer to a request.

    Raises:
        CandidateError: there is none, or it is not a safetensors file that NumPy can read.
    """
    path = folder / "out.safetensors"
    if not path.is_file():
        raise CandidateError("it wrote no out.safetensors")
    try:
        return load_file(path)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise CandidateError(f"its out.safetensors cannot be read: {error}") from None
