"""What a finished run found, as a JSON file, and those that are kept with the package."""

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import torch

from experiments.settings import Settings
from experiments.training import Step
from experiments.watch import Watched
from sessa_ref.tasks import MarkedRecall

KEPT: Final = Path(__file__).parent / "results"
"""The folder of the results that come with the package."""


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
    steps: list[Step]
    """Every step."""
    watched: list[dict[str, Any]]
    """`step`, and `layers`, a list of `Watched` as objects; empty where there is no feedback."""
    accuracy_by_lag: dict[int, float]
    """Of the trained model."""

    def to_json(self) -> str:
        """One line for every step, so that changes can be read."""
        content = {name: value for name, value in vars(self).items() if name != "steps"}
        content |= {"settings": self.settings.entries(), "chance": self.task.chance, "ceiling": self.task.ceiling}
        lines = [json.dumps(content)[:-1] + ', "steps": [', ",\n".join(json.dumps(asdict(step)) for step in self.steps)]
        return "\n".join([*lines, "]}\n"])

    @classmethod
    def read(cls, path: str | Path) -> "Result":
        """The result that `to_json` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not such a file.
        """
        try:
            entries = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(
                entries["command"],
                Settings.of(entries["settings"]),
                entries["parameters"],
                entries["machine"],
                entries["seconds"],
                [Step(**step) for step in entries["steps"]],
                entries["watched"],
                {int(lag): accuracy for lag, accuracy in entries["accuracy_by_lag"].items()},
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{path} must be a result of `python -m experiments`: {error!r}") from None

    @property
    def task(self) -> MarkedRecall:
        """The task at the training lag."""
        return self.settings.task(self.settings.lag)

    def series(self, layer: int, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The steps at which a layer was watched, and a field of `Watched` at each."""
        found = [look["layers"][layer][name] for look in self.watched]
        return np.array([look["step"] for look in self.watched]), np.array(found)


def kept(experiment: str = "recall") -> dict[str, list[Result]]:
    """The results that come with the package: for each mixer the runs, by seed.

    Raises:
        ValueError: there are none of this experiment.
    """
    files = sorted((KEPT / experiment).glob("*.json"))
    if not files:
        raise ValueError(f"there are no results of {experiment} in {KEPT}")
    found: dict[str, list[Result]] = {}
    for result in map(Result.read, files):
        found.setdefault(result.settings.mixer, []).append(result)
    return {mixer: sorted(runs, key=lambda run: run.settings.seed) for mixer, runs in found.items()}


def look(step: int, layers: list[Watched]) -> dict[str, Any]:
    """An entry of `Result.watched`."""
    return {"step": step, "layers": [asdict(layer) for layer in layers]}


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
