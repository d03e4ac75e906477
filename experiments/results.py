"""What a finished run found, as a JSON file, and those that are kept with the package."""

import json
import math
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import GenericAlias
from typing import Any, Final, TypeVar, get_origin

import numpy as np
import psutil
import torch

from experiments.settings import Settings
from experiments.training import Step
from sessa_ref.messages import reason
from sessa_ref.tasks import Task

Read = TypeVar("Read")

KEPT: Final = Path(__file__).parent / "results"
"""The folder of the results that come with the package: a folder for each experiment, in it one for each run."""
GRID: Final = "grid.json"
"""A file in the folder of an experiment: which runs were asked for, as lists of mixer, learning rate and seed."""
METRICS, CHECKPOINT, MODEL, RESULT, DIVERGED = (
    "metrics.jsonl",
    "checkpoint.safetensors",
    "model.safetensors",
    "result.json",
    "diverged.json",
)
"""The files in the folder of a run."""


@dataclass(frozen=True)
class Score:
    """What a test found, and what there is to compare it with."""

    options: dict[str, Any]
    """Of the task, those that the test replaces."""
    accuracy: float
    chance: float
    from_counts: float
    ceiling: float
    ceiling_error: float
    """Standard error of the ceiling; 0 where it is exact."""

    @property
    def name(self) -> str:
        """Of the test: the options that it replaces."""
        return ", ".join(f"{option} {value}" for option, value in self.options.items()) or "as trained"


@dataclass(frozen=True)
class Result:
    """One run."""

    command: str
    """What made it."""
    settings: Settings
    parameters: int
    """How many trainable parameters the model has."""
    machine: dict[str, Any]
    """Processor, cores and versions."""
    seconds: float
    """Wall time of training and tests, on a machine that may have done other things, too."""
    seconds_per_step: float | None
    """Processor time of all threads, the median over all training steps; None where it was not measured."""
    validation: float | None
    """Accuracy on sequences like those of the training, which are no test's; None where it was not measured."""
    tests: list[Score]
    """In the order of the settings."""
    watched: list[dict[str, Any]]
    """`step`, and `layers`, a list of `Watched` as objects; empty where there is no feedback."""
    curve: list[Step]
    """Means of loss and accuracy over `record_every` steps each, with the first of these steps."""

    def to_json(self) -> str:
        """One line for every point of the curve, so that changes can be read."""
        content = {name: value for name, value in vars(self).items() if name != "curve"}
        content |= {"settings": self.settings.entries(), "tests": [asdict(test) for test in self.tests]}
        lines = [json.dumps(content)[:-1] + ', "curve": [', ",\n".join(json.dumps(asdict(step)) for step in self.curve)]
        return "\n".join([*lines, "]}\n"])

    @classmethod
    def read(cls, path: str | Path) -> "Result":
        """The result that `to_json` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not such a file.
        """
        return _read(path, cls._of)

    @classmethod
    def _of(cls, entries: dict[str, Any]) -> "Result":
        read = {
            "settings": Settings.of(entries["settings"]),
            "tests": [_typed(Score(**test)) for test in entries["tests"]],
            "curve": [_typed(Step(**step)) for step in entries["curve"]],
        }
        result = _typed(cls(**{**entries, **read}))
        if [test.options for test in result.tests] != list(result.settings.tests):
            raise ValueError("tests must be those of its settings, got others")
        return result

    @property
    def task(self) -> Task:
        """The task of the training."""
        return self.settings.make_task()

    def accuracy_by(self, option: str) -> dict[Any, float]:
        """The accuracy at each value of an option, of the tests that replace it and nothing else."""
        return {test.options[option]: test.accuracy for test in self.tests if list(test.options) == [option]}

    def series(self, layer: int, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The steps at which a layer was watched, and a field of `Watched` at each."""
        found = [look["layers"][layer][name] for look in self.watched]
        return np.array([look["step"] for look in self.watched]), np.array(found)


@dataclass(frozen=True)
class Diverged:
    """A run that diverged."""

    command: str
    settings: Settings
    step: int
    """At which it was given up."""
    message: str

    def to_json(self) -> str:
        """As a file has it."""
        return json.dumps({**vars(self), "settings": self.settings.entries()}, indent=1) + "\n"

    @classmethod
    def read(cls, path: str | Path) -> "Diverged":
        """What `to_json` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not such a file.
        """
        return _read(path, lambda entries: _typed(cls(**{**entries, "settings": Settings.of(entries["settings"])})))


def curve(steps: Iterable[Step], every: int) -> list[Step]:
    """Means over `every` steps each, to five decimals, with the first of these steps."""
    points: dict[int, list[Step]] = {}
    for step in steps:
        points.setdefault(step.step // every * every, []).append(step)
    return [
        Step(
            first,
            round(float(np.mean([step.loss for step in some])), 5),
            round(float(np.mean([step.accuracy for step in some])), 5),
        )
        for first, some in points.items()
    ]


def read_results(folder: str | Path) -> list[Result]:
    """The results of the runs in a folder, in the order of their names.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file is no result.
    """
    return [Result.read(file) for file in sorted(Path(folder).glob(f"*/{RESULT}"))]


def kept(experiment: str = "recall") -> dict[str, list[Result]]:
    """The results that come with the package: for each mixer the runs, by learning rate and seed.

    Raises:
        ValueError: there are none of this experiment.
    """
    results = read_results(KEPT / experiment)
    if not results:
        raise ValueError(f"there are no results of {experiment} in {KEPT}")
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.settings.mixer, []).append(result)
    return found


def _read(path: str | Path, make: Callable[[dict[str, Any]], Read]) -> Read:
    try:
        return make(json.loads(Path(path).read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} must be a result of `python -m experiments`: {reason(error)}") from None


def _typed(made: Read) -> Read:
    """What a file's entries make, if each has the type of its field; a number may be whole where it need not be."""
    for one in fields(made):  # pyright: ignore[reportArgumentType]
        value, kind = getattr(made, one.name), one.type
        # What a list holds is checked where it is made.
        outer: Any = get_origin(kind) if isinstance(kind, GenericAlias) else kind
        if not isinstance(value, outer) and not (type(value) is int and isinstance(1.0, outer)):
            raise TypeError(f"{one.name} must be {getattr(kind, '__name__', kind)}, got {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{one.name} must be finite, got {value}")
    return made


def describe_machine() -> dict[str, Any]:
    """Processor, cores, threads in use and versions."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": psutil.cpu_count(logical=False),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
