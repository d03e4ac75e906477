"""`python -m experiments rerun`: a kept run once more, here."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from experiments.agreement import Agreement, agreements, loss_difference
from experiments.commands.terminal import command, exit_codes, plain_console, progress_bar, use_threads
from experiments.results import RESULT, Result, read_results
from experiments.run import run
from experiments.training import Step


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
    other. The same command again goes on where it was interrupted; when the rerun is finished, it only compares. Exit code 0:
    all tests agree, or one seed alone is kept, so that no spread is known. 1: a test does not, or training diverged. 2: bad
    options, or files that cannot be read or written.
    """
    log = Console(stderr=True)
    with exit_codes(log):
        use_threads(threads)
        first = Result.read(kept / RESULT)
        settings, place = first.settings, kept.resolve()
        folder = out or Path("runs") / "rerun" / place.parent.name / place.name
        if folder.resolve() == place:
            raise ValueError(f"--out must be another folder than the run's own, got {folder}")
        seeds = [
            one
            for one in read_results(place.parent)
            if (one.settings.mixer, one.settings.learning_rate) == (settings.mixer, settings.learning_rate)
        ]
        if (folder / RESULT).exists():
            again = Result.read(folder / RESULT)
        else:
            with progress_bar(log) as bar:
                line = bar.add_task(settings.mixer, total=settings.steps)

                def progress(step: Step) -> None:
                    bar.update(line, completed=step.step + 1, description=f"{settings.mixer}: loss {step.loss:.3f}")

                again = run(settings, folder, command(), progress)
        tests = agreements(first, again, seeds)
    console = plain_console()
    _print(console, first, again, tests, len(seeds))
    if len(seeds) > 1 and not all(test.holds for test in tests):
        raise typer.Exit(1)


def _print(console: Console, kept: Result, rerun: Result, tests: list[Agreement], seeds: int) -> None:
    for name, one in (("kept", kept), ("rerun", rerun)):
        console.print(f"{name + ':':7}" + ", ".join(f"{part} {one.machine.get(part, '?')}" for part in _PARTS))
    console.print(f"largest difference of the training curves: {loss_difference(kept, rerun):.5f} nats")
    console.print(f"{'accuracy':30}{'kept':>8}{'rerun':>8}   of {seeds} kept seed{'s' * (seeds > 1)}")
    for test in tests:
        verdict = "" if seeds == 1 else "agrees" if test.holds else "DIFFERS BY MORE"
        spread = f"{test.lowest:8.1%} to {test.highest:6.1%}"
        console.print(f"{test.test:30}{test.kept:8.1%}{test.rerun:8.1%}{spread}  {verdict}".rstrip())
    if seeds == 1:
        console.print("One seed is kept: how far two runs of this model may be apart is not known.")


_PARTS = ("processor", "system", "python", "torch", "numpy", "threads")
