"""What a training run is asked to do: a TOML file, every entry of which can be replaced."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from experiments.mixers import MIXERS
from experiments.tasks import make_task
from sessa_ref.config import SessaConfig
from sessa_ref.messages import nearest, one_line, reason
from sessa_ref.tasks import Task

CONFIGS = Path(__file__).parent / "configs"
"""The folder of the configs that come with the package."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A model, a task and how to train; equal settings give equal numbers on one machine.

    Raises:
        TypeError: a field has the wrong type.
        ValueError: a field is out of its range, there is no such mixer, task or option, or a test has other tokens or
            answers than the training; the message names the field.
    """

    mixer: str = "sessa"
    """One of `experiments.mixers.MIXERS`."""
    task: str = "recall"
    """One of `experiments.tasks.TASKS`."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the task, in the training; those that are left out are as in `TASKS`."""
    tests: tuple[dict[str, Any], ...] = ({},)
    """What the trained model is tested on: for each test the options that it replaces."""
    seed: int = 0
    """Of the initial parameters and of the training sequences."""
    width: int = 64
    heads: int = 4
    layers: int = 2
    steps: int = 600
    batch: int = 64
    """Sequences in a step."""
    learning_rate: float = 3e-3
    """Its largest value: it rises over `warmup` steps, and falls to 0 over the last three tenths of all steps."""
    warmup: int = 50
    weight_decay: float = 0.01
    clip: float = 1.0
    """Largest norm of the gradient of all parameters together."""
    record_every: int = 10
    """Steps that make one point of the result's training curve."""
    watch_every: int = 20
    """Steps between two looks at the layers."""
    save_every: int = 100
    """Steps between two checkpoints."""
    test_sequences: int = 512
    """Sequences of each test, and of the validation."""

    def __post_init__(self) -> None:
        for name in ("mixer", "task"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} must be a name, got {getattr(self, name)!r}")
        for one in fields(self):
            if isinstance(one.default, int | float):
                check_number(one.name, getattr(self, one.name), type(one.default))
        if self.mixer not in MIXERS:
            known = ", ".join(MIXERS)
            raise ValueError(f"mixer must be one of {known}, got {one_line(self.mixer)}{nearest(self.mixer, MIXERS)}")
        _ = self.config
        _check_options("options", self.options)
        if not isinstance(self.tests, list | tuple) or not self.tests:
            raise TypeError(f"tests must be a list of tables of options, got {self.tests!r}")
        object.__setattr__(self, "tests", tuple(self.tests))
        self._check_tests()

    def _check_tests(self) -> None:
        """A model has one vocabulary and one set of answers, in the training and in all tests."""
        task = self.make_task()
        for number, options in enumerate(self.tests, start=1):
            _check_options(f"test {number}", options)
            try:
                test = self.make_task(**options)
            except (ValueError, TypeError) as error:
                raise type(error)(f"test {number}: {error}") from None
            wanted, found = (task.vocabulary, task.classes), (test.vocabulary, test.classes)
            if found != wanted:
                raise ValueError(
                    f"test {number} must have the tokens and answers of the training, {wanted[0]} and {wanted[1]}, "
                    f"got {found[0]} and {found[1]}"
                )

    @classmethod
    def read(cls, path: str | Path, replaced: Mapping[str, Any]) -> "Settings":
        """The settings of a TOML file, with some entries replaced; entries that are left out have their defaults.

        Raises:
            OSError: the file cannot be read.
            ValueError, TypeError: it is no TOML, has an unknown entry, or an entry is not what it has to be.
        """
        try:
            entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} must be a TOML file: {reason(error)}") from None
        return cls.of({**entries, **replaced})

    @classmethod
    def of(cls, entries: Mapping[str, Any]) -> "Settings":
        """The settings with these entries.

        Raises:
            ValueError, TypeError: an entry is unknown or not what it has to be.
        """
        known = [one.name for one in fields(cls)]
        for name in entries:
            if name not in known:
                raise ValueError(f"there is no setting {one_line(name)}{nearest(name, known)}")
        return cls(**entries)

    @property
    def config(self) -> SessaConfig:
        """Of the blocks, whatever the mixer."""
        return SessaConfig.published(self.width, self.heads)

    def make_task(self, **replaced: Any) -> Task:
        """The task of the training, or with some options replaced.

        Raises:
            ValueError, TypeError: the task has no such option, or it is not what it has to be.
        """
        return make_task(self.task, {**self.options, **replaced})

    def rate(self, step: int) -> float:
        """The learning rate of a step, 0 .. steps - 1."""
        rise = (step + 1) / max(self.warmup, 1)
        fall = (self.steps - step) / (0.3 * self.steps)
        return self.learning_rate * min(1.0, rise, fall)

    def entries(self) -> dict[str, Any]:
        """As a JSON-ready object."""
        return {**asdict(self), "tests": list(self.tests)}


_MAY_BE_ZERO = ("seed", "warmup", "weight_decay")


def check_number(name: str, value: Any, kind: type) -> None:
    """Check the type of a setting, and that it is not too small.

    Nor beyond what torch computes with: int64, and float32 with room for Adam's factors.

    Raises:
        TypeError: it is no number, or no whole one.
        ValueError: it is too small or too large.
    """
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        raise TypeError(f"{name} must be a {'whole ' if kind is int else ''}number, got {value!r}")
    least_is_zero = name in _MAY_BE_ZERO
    bits = 63 if kind is int else 120
    if value >= 2**bits:
        raise ValueError(f"{name} must be below 2^{bits}, got {value}")
    if not math.isfinite(value) or value < 0 or (value == 0 and not least_is_zero):
        raise ValueError(f"{name} must be {'at least 0' if least_is_zero else 'positive'}, got {value}")


def _check_options(name: str, options: Any) -> None:
    if not isinstance(options, dict):
        raise TypeError(f"{name} must be a table of options, got {options!r}")
    for option, value in options.items():  # what a JSON header and a comparison of settings keep as it is
        if not isinstance(value, bool | int | float | str):
            raise TypeError(f"{name}: {option} must be a number, a name, true or false, got {value!r}")
