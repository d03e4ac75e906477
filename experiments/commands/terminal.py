"""What the commands share: exit codes, the command line for results, threads and progress bars."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import distributed

from experiments.parallel import let_the_first_speak
from experiments.settings import CONFIGS, Settings
from experiments.tasks import check_name
from experiments.training import Step
from sessa_ref.messages import reason

_OUT_OF_MEMORY = "can't allocate memory", "out of memory"
"""What torch says then, on a processor and on a GPU; its errors are RuntimeError."""
_MOST_THREADS = 4096


@contextmanager
def exit_codes(log: Console) -> Iterator[None]:
    """Errors that the user can mend become one line: exit code 1 where training diverged, else 2."""
    try:
        yield
    except (ArithmeticError, ValueError, TypeError, OSError, ModuleNotFoundError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError):
            if not any(words in str(error) for words in _OUT_OF_MEMORY):
                raise
            error = MemoryError()
        diverged = isinstance(error, ArithmeticError)
        text = str(error) if diverged else reason(error)
        let_the_first_speak()
        log.print(text, style="red", highlight=False, soft_wrap=True, markup=False)
        raise typer.Exit(1 if diverged else 2) from None


def plain_console() -> Console:
    """For results: texts as they are."""
    return Console(highlight=False, soft_wrap=True, markup=False)


def command() -> str:
    """The command line, as results carry it."""
    under_torchrun = ["torchrun", "--nproc-per-node", os.environ.get("LOCAL_WORLD_SIZE", "")]
    program = under_torchrun if distributed.is_torchelastic_launched() else ["python"]
    return shlex.join([*program, "-m", "experiments", *sys.argv[1:]])


def use_threads(threads: int) -> None:
    """Let torch use this many.

    Raises:
        ValueError: there is not one, or there are more than anybody has.
    """
    if not 1 <= threads <= _MOST_THREADS:
        raise ValueError(f"--threads must be from 1 to {_MOST_THREADS}, got {threads}")
    torch.set_num_threads(threads)


def progress_bar(console: Console) -> Progress:
    """With counts and times, and a description behind them."""
    return Progress(
        BarColumn(20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=console,
    )


@contextmanager
def training_progress(console: Console, settings: Settings) -> Iterator[Callable[[Step], None]]:
    """A progress bar of one run, as a function that is to be called after every step."""
    with progress_bar(console) as bar:
        line = bar.add_task(settings.mixer, total=settings.steps)

        def progress(step: Step) -> None:
            text = f"{settings.mixer}: loss {step.loss:.3f}, accuracy {step.accuracy:.2f}"
            bar.update(line, completed=step.step + 1, description=text)

        yield progress


def config_file(config: Path | None, task: str | None) -> Path:
    """The config that was asked for, or the one that comes with the package for a task.

    Raises:
        ValueError: there is no such task.
    """
    if config is not None:
        return config
    return CONFIGS / f"{check_name(task or 'recall')}.toml"
