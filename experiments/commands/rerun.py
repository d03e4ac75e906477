"""`python -m experiments rerun`: a kept run once more, here."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from experiments.agreement import Agreement, agreements, loss_difference
from experiments.commands.terminal import command, exit_codes, plain_console, training_progress, use_threads
from experiments.results import DIVERGED, RESULT, Diverged, Result, read_results
from experiments.run import run
from experiments.settings import Settings


def rerun(
    kept: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="The folder of a kept run, as experiments/results/recall/sessa-0.00300-0."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Gets the rerun; runs/rerun/EXPERIMENT/RUN by default."),
    ] = None,
    threads: Annotated[int, typer.Option(help="Of torch.")] = 1,
) -> None:
    """Train a kept run again with its own settings, and compare what comes out.

    A test agrees if run and rerun are no farther apart than the kept seeds of this mixer and learning rate are from each
    other; where all of these are equal, the rerun has to be, too. The same command again goes on where it was interrupted;
    when the rerun is finished, it only compares. Exit code 0: all tests agree, or one seed alone is kept, so that no spread
    is known. 1: a test does not, or training diverged. 2: bad options, or files that cannot be read or written.
    """
    log = Console(stderr=True)
    with exit_codes(log):
        use_threads(threads)
        first, place = _read_kept(kept), _real(kept)
        settings = first.settings
        folder = out or Path("runs") / "rerun" / place.parent.name / place.name
        _check_place(folder, place.parent)
        kept_runs = (one for one in read_results(place.parent) if replace(one.settings, seed=settings.seed) == settings)
        seeds = list({one.settings.seed: one for one in kept_runs}.values())
        again = _read_finished(folder, settings)
        if again is None:
            with training_progress(log, settings) as progress:
                again = run(settings, folder, command(), progress)
        tests, loss = agreements(first, again, seeds), loss_difference(first, again)
    console = plain_console()
    _print(console, first, again, loss, tests, len(seeds))
    if len(seeds) > 1 and not all(test.holds for test in tests):
        raise typer.Exit(1)


def _read_kept(kept: Path) -> Result:
    if (kept / DIVERGED).exists():
        step = Diverged.read(kept / DIVERGED).step
        raise ValueError(f"RUN must be a run that was finished, got {kept}, which diverged at step {step}")
    if not (kept / RESULT).is_file():
        raise ValueError(f"RUN must be the folder of a finished run, with its {RESULT}, got {kept}")
    return Result.read(kept / RESULT)


def _check_place(folder: Path, experiment: Path) -> None:
    """A rerun among the kept runs would count as one of them."""
    if experiment in (_real(folder), *_real(folder).parents):
        raise ValueError(f"--out must be outside the folder of the kept runs, {experiment}, got {folder}")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out must be a folder, got the file {folder}")


def _read_finished(folder: Path, settings: Settings) -> Result | None:
    """The rerun, if there is one that is finished.

    Raises:
        ArithmeticError: it diverged.
        ValueError: it is a run of other settings.
    """
    done = Diverged.read(folder / DIVERGED) if (folder / DIVERGED).exists() else None
    done = Result.read(folder / RESULT) if (folder / RESULT).exists() else done
    if done is not None and done.settings != settings:
        raise ValueError(f"--out must not hold a run of other settings, got {folder}; choose another folder")
    if isinstance(done, Diverged):
        raise ArithmeticError(done.message)
    return done


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # unlike `resolve`, it bears links that lead to themselves


def _print(console: Console, kept: Result, rerun: Result, loss: float, tests: list[Agreement], seeds: int) -> None:
    for name, one in (("kept", kept), ("rerun", rerun)):
        console.print(f"{name + ':':7}" + ", ".join(f"{part} {one.machine.get(part, '?')}" for part in _PARTS))
    console.print(f"largest difference of the training curves: {loss:.5f} nats")
    console.print(f"{'accuracy':30}{'kept':>8}{'rerun':>8}   of {seeds} kept seed{'s' * (seeds > 1)}")
    for test in tests:
        verdict = "" if seeds == 1 else "agrees" if test.holds else "DIFFERS BY MORE"
        spread = f"{test.lowest:8.1%} to {test.highest:6.1%}"
        console.print(f"{test.test:30}{test.kept:8.1%}{test.rerun:8.1%}{spread}  {verdict}".rstrip())
    if seeds == 1:
        console.print("One seed is kept: how far two runs of this model may be apart is not known.")


_PARTS = ("processor", "system", "python", "torch", "numpy", "threads")
