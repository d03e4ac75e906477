"""The runs of one experiment side by side: which learning rate was chosen for each mixer, and what was not run."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from experiments.mixers import MIXERS
from experiments.results import DIVERGED, GRID, RESULT, Diverged, Result, read_results
from experiments.settings import Settings
from sessa_ref.messages import one_line

Asked = tuple[str, float, int]
"""Mixer, learning rate and seed."""


@dataclass(frozen=True)
class Chosen:
    """A mixer with the learning rate that was chosen for it."""

    mixer: str
    learning_rate: float
    runs: list[Result]
    """Its finished runs, by seed."""
    diverged: int
    """How many others diverged."""

    def accuracies(self, test: int) -> list[float]:
        """Of each run, at a test."""
        return [run.tests[test].accuracy for run in self.runs]


@dataclass(frozen=True)
class Experiment:
    """Runs that differ in mixer, learning rate and seed alone.

    Raises:
        ValueError: there is none that is finished, or two differ in more.
    """

    name: str
    results: list[Result]
    diverged: list[Diverged]
    asked: list[Asked]
    """What was to be run."""

    def __post_init__(self) -> None:
        if not self.results:
            raise ValueError(f"{self.name} has no finished runs")
        first = self.settings
        for run in [*self.results, *self.diverged]:
            own = run.settings
            if replace(first, mixer=own.mixer, learning_rate=own.learning_rate, seed=own.seed) != own:
                one, other = (", ".join(map(str, _asked(settings))) for settings in (first, own))
                raise ValueError(
                    f"the runs of {self.name} must differ in mixer, learning rate and seed alone, got {one} and {other}"
                )

    @property
    def settings(self) -> Settings:
        """Of the first run; those of the others differ in mixer, learning rate and seed."""
        return self.results[0].settings

    def chosen(self) -> list[Chosen]:
        """For each mixer, in the order of `MIXERS`, the learning rate with the highest accuracy in the validation.

        Its learning rates are compared by the mean over the seeds that all of them were run with, or over their own seeds if
        there is no such seed: a rate with more seeds has no other chance than one with a single seed. A run that diverged
        counts as 0. Of equal learning rates the smallest is taken.
        """
        found = []
        for mixer in sorted({run.settings.mixer for run in [*self.results, *self.diverged]}, key=list(MIXERS).index):
            rates = self._validations(mixer)
            shared = set.intersection(*map(set, rates.values()))

            def mean(rate: float, rates=rates, shared=shared) -> float:
                return float(np.mean([rates[rate][seed] for seed in shared or rates[rate]]))

            found.append(self._at(mixer, max(sorted(rates), key=mean)))
        return found

    def _validations(self, mixer: str) -> dict[float, dict[int, float]]:
        """By learning rate and seed."""
        found: dict[float, dict[int, float]] = {}
        for run in self._of(mixer, [*self.results, *self.diverged]):
            value = (run.validation or 0.0) if isinstance(run, Result) else 0.0
            found.setdefault(run.settings.learning_rate, {})[run.settings.seed] = value
        return found

    def not_run(self) -> list[Asked]:
        """What was to be run, and neither finished nor diverged."""
        there = {_asked(run.settings) for run in [*self.results, *self.diverged]}
        return [one for one in self.asked if one not in there]

    def _at(self, mixer: str, rate: float) -> Chosen:
        runs, lost = (
            [run for run in self._of(mixer, some) if run.settings.learning_rate == rate]
            for some in (self.results, self.diverged)
        )
        return Chosen(mixer, rate, sorted(runs, key=lambda run: run.settings.seed), len(lost))

    @staticmethod
    def _of(mixer: str, runs: Iterable) -> list:
        return [run for run in runs if run.settings.mixer == mixer]


def read_experiments(folder: str | Path) -> list[Experiment]:
    """The experiment whose runs are in a folder, or those in its folders, by name.

    Raises:
        OSError: a file cannot be read.
        ValueError: there is none, a file is no result, or runs of one experiment differ in more than mixer, learning
            rate and seed.
    """
    folder = Path(folder)
    places = (
        [folder] if _is_experiment(folder) else [place for place in sorted(folder.glob("*")) if _is_experiment(place)]
    )
    if not places:
        raise ValueError(f"there are no results of runs in {folder}")
    return [_read(place) for place in places]


def read_asked(folder: Path) -> list[Asked]:
    """What grids were to run in a folder; nothing if there was none.

    Raises:
        OSError: the list cannot be read.
        ValueError: it is no such list.
    """
    file = folder / GRID
    if not file.exists():
        return []
    try:
        return [
            (str(mixer), float(rate), int(seed)) for mixer, rate, seed in json.loads(file.read_text(encoding="utf-8"))
        ]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file} must be a list of mixers, learning rates and seeds: {one_line(error)}") from None


def _is_experiment(folder: Path) -> bool:
    return any(folder.glob(f"*/{RESULT}"))


def _read(folder: Path) -> Experiment:
    results = read_results(folder)
    diverged = [Diverged.read(file) for file in sorted(folder.glob(f"*/{DIVERGED}"))]
    asked = read_asked(folder)
    if not asked:  # runs that were made one by one: every mixer with every learning rate and seed that occurs
        there = [_asked(run.settings) for run in [*results, *diverged]]
        asked = list(product(*(dict.fromkeys(part) for part in zip(*there, strict=True))))
    return Experiment(folder.name, results, diverged, asked)


def _asked(settings: Settings) -> Asked:
    return settings.mixer, settings.learning_rate, settings.seed
