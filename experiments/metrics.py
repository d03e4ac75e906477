"""What a run notes as it goes: a JSON object in each line of a file, and the same in memory."""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from experiments.files import replace_file
from experiments.training import Step
from experiments.watch import Watched
from sessa_ref.messages import reason


class Advances(Protocol):
    """A training."""

    def advance(self) -> Step:
        """Do one step."""
        ...


class Metrics:
    """The lines of a run that goes on at a step; those from this step on are made again.

    Args:
        path: of the file.
        step: where the run goes on; 0: it begins.
        write: whether notes go into the file, too.

    Raises:
        OSError: the file cannot be read or written.
        ValueError: the file has not noted every step before, or is none of these.
    """

    def __init__(self, path: Path, step: int, *, write: bool = True) -> None:
        self.steps: list[Step] = []
        """Every step."""
        self.watched: list[dict[str, Any]] = []
        """`step`, and `layers`, a list of `Watched` as objects."""
        self._seconds: list[float] = []
        try:
            lines = _lines(path, step) if step else []
            for line in lines:
                self._keep(line)
        except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} must be the metrics of the interrupted run: {reason(error)}") from None
        if [one.step for one in self.steps] != list(range(step)):
            raise ValueError(f"{path} must have all steps before the checkpoint, {step}, got {len(self.steps)}")
        if write:
            replace_file(path, "".join(json.dumps(line) + "\n" for line in lines).encode())
        self._file = (path if write else Path(os.devnull)).open("a", buffering=1, encoding="utf-8", newline="\n")

    def advance(self, training: Advances) -> Step:
        """Let a training do a step, and note what it found and the processor time that it took."""
        begin = time.process_time()
        step = training.advance()
        self.note({**asdict(step), "seconds": time.process_time() - begin})
        return step

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
