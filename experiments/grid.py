"""Many runs, one after the other: every mixer with every learning rate and seed."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.comparison import Asked, read_asked
from experiments.files import replace_file
from experiments.results import DIVERGED, GRID, RESULT, Diverged, Result
from experiments.run import run, run_name
from experiments.settings import Settings
from experiments.training import Step, build
from sessa_ref.messages import reason


@dataclass(frozen=True)
class Done:
    """How many runs of a grid there are now."""

    finished: int
    diverged: int
    left: int
    """Not begun, or interrupted."""


def settings_of(
    settings: Settings, mixers: Sequence[str], learning_rates: Sequence[float], seeds: Sequence[int]
) -> list[Settings]:
    """The settings of all runs of a grid: seed by seed, so that a grid that stops early has all mixers.

    Raises:
        ValueError, TypeError: an entry is not what it has to be, or two runs would have one folder.
    """
    runs = [
        replace(settings, mixer=mixer, learning_rate=rate, seed=seed)
        for seed in seeds
        for mixer in mixers
        for rate in learning_rates
    ]
    names = [run_name(one) for one in runs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the runs of a grid must differ, and learning rates in five decimals, got {twice[0]} twice")
    return runs


def run_grid(
    runs: Sequence[Settings],
    folder: str | Path,
    command: str,
    *,
    minutes: float = float("inf"),
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[int, str, Step], None] = lambda number, name, step: None,
) -> Done:
    """Do what is not done yet of these runs, each in a folder of its own in `folder`; interrupted ones go on.

    Args:
        runs: their settings.
        folder: is made; it gets `grid.json`, what was asked for, as well.
        command: for the results.
        minutes: after these no new run begins.
        say: is told which runs diverged, and which mixers are left out because a package is missing.
        progress: called after every step, with the number of the run among those that were to do, its name and the step.

    Raises:
        OSError: the folder cannot be written.
        ValueError: a folder holds a run of other settings; nothing is changed, but runs before it may be done.
    """
    folder, begin = Path(folder), time.monotonic()
    to_do = [one for one in runs if not _is_done(one, folder / run_name(one))]
    missing = _missing(to_do)
    for mixer, why in missing.items():
        say(f"{mixer} is left out: {why}")
    before = read_asked(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _note(runs, folder, before)
    for number, settings in enumerate(one for one in to_do if one.mixer not in missing):
        if time.monotonic() - begin >= 60 * minutes:
            say(f"{minutes:g} minutes are over")
            break
        name = run_name(settings)
        try:
            run(settings, folder / name, command, lambda step, number=number, name=name: progress(number, name, step))
        except ArithmeticError as error:
            say(f"{name}: {error}")
    finished, diverged = (sum((folder / run_name(one) / file).exists() for one in runs) for file in (RESULT, DIVERGED))
    return Done(finished, diverged, len(runs) - finished - diverged)


def count_to_do(runs: Sequence[Settings], folder: str | Path) -> int:
    """How many of these runs are neither finished nor diverged.

    Raises:
        OSError: a result cannot be read.
        ValueError: it is no result, or one of other settings.
    """
    return sum(not _is_done(one, Path(folder) / run_name(one)) for one in runs)


def _is_done(settings: Settings, folder: Path) -> bool:
    for file, kind in ((RESULT, Result), (DIVERGED, Diverged)):
        if (folder / file).exists():
            if kind.read(folder / file).settings != settings:
                raise ValueError(f"{folder} holds a run of other settings; choose another folder")
            return True
    return False


def _missing(runs: Sequence[Settings]) -> dict[str, str]:
    """Mixers that cannot be built because a package is missing, and why."""
    found = {}
    for mixer in dict.fromkeys(one.mixer for one in runs):
        try:
            build(next(one for one in runs if one.mixer == mixer))
        except ModuleNotFoundError as error:
            found[mixer] = reason(error)
    return found


def _note(runs: Sequence[Settings], folder: Path, before: Sequence[Asked]) -> None:
    """Add what is asked for to the list of it, so that a table can say what was not run."""
    asked = [(one.mixer, one.learning_rate, one.seed) for one in runs]
    lines = [json.dumps(one) for one in dict.fromkeys([*before, *asked])]
    replace_file(folder / GRID, ("[" + ",\n".join(lines) + "]\n").encode())
