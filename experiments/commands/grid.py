"""`python -m experiments grid`: many runs, one after the other."""

from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from experiments.commands.terminal import command, config_file, exit_codes, plain_console, progress_bar, use_threads
from experiments.grid import count_to_do, run_grid, settings_of
from experiments.settings import Settings
from experiments.training import Step
from sessa_ref.messages import one_line

Number = TypeVar("Number", int, float)


def grid(
    mixers: Annotated[str, typer.Option(help="Names, with commas between them.")],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Gets a folder MIXER-LEARNING_RATE-SEED for each run, and grid.json.")
    ],
    task: Annotated[str | None, typer.Option(help="The config's, or recall, by default.")] = None,
    learning_rates: Annotated[str, typer.Option(help="Numbers, with commas between them.")] = "1e-3,3e-3,1e-2",
    seeds: Annotated[str, typer.Option(help="Numbers, with commas between them.")] = "0,1,2",
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings, a TOML file; by default experiments/configs/TASK.toml."),
    ] = None,
    minutes: Annotated[float, typer.Option(help="After these no new run begins.")] = float("inf"),
    threads: Annotated[int, typer.Option(help="Of torch.")] = 1,
) -> None:
    """Train every mixer with every learning rate and seed, one run after the other.

    The same command again goes on where it was interrupted: finished runs are skipped, as are those that diverged, which
    is recorded. Exit code 0: it went as far as it was to go. 2: bad options or settings, or files that cannot be read or
    written.
    """
    log = Console(stderr=True)
    with exit_codes(log):
        use_threads(threads)
        if not minutes >= 0:
            raise ValueError(f"--minutes must be at least 0, got {minutes:g}")
        given = {} if task is None else {"task": task}
        base = Settings.read(config_file(config, task), given)
        runs = settings_of(
            base,
            mixers.split(","),
            _numbers("--learning-rates", learning_rates, float),
            _numbers("--seeds", seeds, int),
        )
        to_do = count_to_do(runs, out)
        with progress_bar(log) as bar:
            line = bar.add_task(base.task, total=to_do * base.steps)

            def progress(number: int, name: str, step: Step) -> None:
                text = f"run {number + 1} of {to_do}, {name}: loss {step.loss:.3f}, accuracy {step.accuracy:.2f}"
                bar.update(line, completed=number * base.steps + step.step + 1, description=text)

            def say(text: str) -> None:
                bar.console.print(text, highlight=False, soft_wrap=True, markup=False)

            done = run_grid(runs, out, command(), minutes=minutes, say=say, progress=progress)
    plain_console().print(
        f"{done.finished} of {len(runs)} runs are finished, {done.diverged} diverged, {done.left} are left; {out}"
    )


def _numbers(name: str, text: str, kind: type[Number]) -> list[Number]:
    try:
        return [kind(one) for one in text.split(",")]
    except ValueError:
        whole = "whole " if kind is int else ""
        raise ValueError(f"{name} must be {whole}numbers with commas between them, got {one_line(text)}") from None
