"""A kept run beside its rerun: how far they are apart, and how far the kept seeds are."""

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.results import Result


@dataclass(frozen=True)
class Agreement:
    """One test of a kept run and of its rerun; accuracies in [0, 1]."""

    test: str
    kept: float
    rerun: float
    lowest: float
    """Of all kept seeds with this mixer and learning rate."""
    highest: float

    @property
    def difference(self) -> float:
        """Between the run and its rerun."""
        return abs(self.rerun - self.kept)

    @property
    def holds(self) -> bool:
        """Whether run and rerun are no farther apart than two of the kept seeds are."""
        return self.difference <= self.highest - self.lowest


def agreements(kept: Result, rerun: Result, seeds: Sequence[Result]) -> list[Agreement]:
    """Of each test; `seeds` are all kept runs with this mixer and learning rate.

    Raises:
        ValueError: the two runs have different settings.
    """
    if kept.settings != rerun.settings:
        raise ValueError("a rerun must have the settings of the run that it is compared with, got others")
    found = []
    for number, (one, other) in enumerate(zip(kept.tests, rerun.tests, strict=True)):
        spread = [run.tests[number].accuracy for run in seeds]
        found.append(Agreement(one.name, one.accuracy, other.accuracy, min(spread), max(spread)))
    return found


def loss_difference(kept: Result, rerun: Result) -> float:
    """The largest between two points of their training curves, in nats; points are means over `record_every` steps.

    Raises:
        ValueError: the curves have other steps.
    """
    if [one.step for one in kept.curve] != [one.step for one in rerun.curve]:
        raise ValueError("a rerun must have the training curve's steps, got others")
    return max(abs(one.loss - other.loss) for one, other in zip(kept.curve, rerun.curve, strict=True))
