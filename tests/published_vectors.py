"""The vectors of the public implementation in tests/vectors; manifest.json says where they come from."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from sessa_ref.config import RotaryDtype, SessaConfig
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.parameters import SessaParameters

FOLDER = Path(__file__).parent / "vectors"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
NAMES = [entry["file"].removesuffix(".safetensors") for entry in MANIFEST["cases"]]


@dataclass(frozen=True)
class Vector:
    """One file: arguments of the public constructor, parameters, inputs, outputs and gradients."""

    arguments: dict
    dtype: str
    split: int
    arrays: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def parameters(self, rotary_dtype: RotaryDtype = "float32") -> SessaParameters:
        arguments = {k: v for k, v in self.arguments.items() if k not in ("max_len", "use_flash")}
        config = SessaConfig.published(**arguments, rotary_dtype=rotary_dtype)
        return SessaParameters(config, self.part("param."))

    def part(self, prefix: str) -> dict[str, np.ndarray]:
        return {name.removeprefix(prefix): a for name, a in self.arrays.items() if name.startswith(prefix)}

    def case(self) -> Case:
        """The vector as an oracle case, for its rounding analysis."""
        x, dy = self["x"].astype(np.float64), self["grad_y"].astype(np.float64)
        return Case("vector", "", self.parameters(), x, dy, self.split)


def load(name: str) -> Vector:
    (entry,) = [entry for entry in MANIFEST["cases"] if entry["file"] == f"{name}.safetensors"]
    arrays = load_file(FOLDER / entry["file"])
    return Vector(entry["config"], entry["dtype"], entry["prefill_split"], arrays)


@cache
def expectation(name: str) -> Expectation:
    """What the oracle expects of the vector in its precision; drawn once for all tests of a process."""
    vector = load(name)
    return Expectation(vector.case(), vector.dtype)
