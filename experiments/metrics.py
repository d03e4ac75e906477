"""What a run notes as it goes: a JSON object in each line of a file, and the same in memory."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from experiments.files import replace_file
from experiments.training import Step
from experiments.watch import Watched


class Metrics:
    """The lines of a run that goes on at a step; those from this step on are made again.

    Raises:
        OSError: the file cannot be read or written.
        ValueError: the file has not noted every step before.
    """

    def __init__(self, path: Path, step: int) -> None:
        self.steps: list[Step] = []
        """Every step."""
        self.watched: list[dict[str, Any]] = []
        """`step`, and `layers`, a list of `Watched` as objects."""
        self._seconds: list[float] = []
        lines = _lines(path, step) if step else []
        for line in lines:
            self._keep(line)
        if [one.step for one in self.steps] != list(range(step)):
            raise ValueError(f"{path} must have all steps before the checkpoint, {step}, got {len(self.steps)}")
        replace_file(path, "".join(json.dumps(line) + "\n" for line in lines).encode())
        self._file = path.open("a", buffering=1, encoding="utf-8", newline="\n")

    def note_step(self, step: Step, seconds: float) -> None:
        """What a step found, and the processor time that it took."""
        self.note({**asdict(step), "seconds": seconds})

    def note_layers(self, step: int, layers: list[Watched]) -> None:
        """What was seen in the layers before a step."""
        self.note({"step": step, "layers": [asdict(layer) for layer in layers]})

    def note(self, line: dict[str, Any]) -> None:
        """Anything that is JSON-ready."""
        self._keep(line)
        self._file.write(json.dumps(line) + "\n")

    @property
    def seconds_per_step(self) -> float:
        """The median over all steps."""
        return float(np.median(self._seconds))

    def close(self) -> None:
        """No more notes."""
        self._file.close()

    def _keep(self, line: dict[str, Any]) -> None:
        if "loss" in line:
            self.steps.append(Step(line["step"], line["loss"], line["accuracy"]))
            self._seconds.append(line["seconds"])
        elif "layers" in line:
            self.watched.append(line)


def _lines(path: Path, step: int) -> list[dict[str, Any]]:
    """The notes before this step."""
    found = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            line = json.loads(text)
        except json.JSONDecodeError:  # the last line of an interrupted run
            break
        if line.get("step", step) < step:
            found.append(line)
    return found
