"""`python -m experiments train`: one run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from experiments.commands.terminal import (
    command,
    config_file,
    exit_codes,
    plain_console,
    training_progress,
    use_threads,
)
from experiments.mixers import MIXERS
from experiments.parallel import started
from experiments.results import Result
from experiments.run import run, run_name
from experiments.settings import Settings
from experiments.tasks import TASKS


def train(
    task: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(TASKS)}; the config's, or recall, by default.")
    ] = None,
    mixer: Annotated[str | None, typer.Option(help=f"One of {', '.join(MIXERS)}.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings, a TOML file; by default experiments/configs/TASK.toml."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of parameters and training sequences.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Its largest value.")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="For metrics, checkpoint, model and result; runs/TASK/MIXER-LEARNING_RATE-SEED."
        ),
    ] = None,
    threads: Annotated[int, typer.Option(help="Of torch.")] = 1,
    parallel: Annotated[
        str | None, typer.Option(help="ddp or fsdp: how the processes that torchrun starts share the training.")
    ] = None,
) -> None:
    """Train a model on a task, and test it there and where the task has other options.

    A run that was interrupted goes on where its folder has a checkpoint. `torchrun --nproc-per-node N -m experiments train
    --parallel ddp` shares it among N processes. Exit code 0: it is done. 1: training diverged.
    2: bad options or settings, or files that cannot be read or written.
    """
    log = Console(stderr=True)
    options = {"task": task, "mixer": mixer, "seed": seed, "learning_rate": learning_rate, "steps": steps}
    with exit_codes(log), started(parallel) as processes:
        use_threads(threads)
        given = {name: value for name, value in options.items() if value is not None}
        settings = Settings.read(config_file(config, task), given)
        folder = out or Path("runs") / settings.task / run_name(settings)
        with training_progress(log if processes.first else Console(quiet=True), settings) as progress:
            result = run(settings, folder, command(), progress, processes)
    if processes.first:
        _print(plain_console(), result, folder)


def _print(console: Console, result: Result, folder: Path) -> None:
    settings = result.settings
    console.print(f"{settings.mixer}: {result.parameters} parameters, {result.seconds:.0f} s, {folder}")
    console.print(f"accuracy on {settings.task}, and what chance, counts and perfect memory reach:")
    if result.validation is not None:
        console.print(f"{'validation':30}{result.validation:8.1%}")
    for test in result.tests:
        found = "".join(f"{value:8.1%}" for value in (test.accuracy, test.chance, test.from_counts, test.ceiling))
        console.print(f"{test.name:30}{found}")
