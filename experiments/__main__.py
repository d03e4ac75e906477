"""`python -m experiments`: train small models and see what they learn."""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from experiments.ceilings import measure_ceilings
from experiments.mixers import MIXERS, parameters
from experiments.results import Result
from experiments.run import run
from experiments.settings import Settings
from experiments.training import Step, build
from sessa_ref.messages import one_line, reason

_CONFIGS = Path(__file__).parent / "configs"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def experiments() -> None:
    """Train small models on tasks with known ceilings, and see what their layers learn."""


@app.command()
def mixers(
    config: Annotated[Path, typer.Option(metavar="FILE", help="Settings, a TOML file.")] = _CONFIGS / "recall.toml",
) -> None:
    """Print how many trainable parameters a model of these settings has with each mixer."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    with _exit_codes(Console(stderr=True)):
        settings = Settings.read(config, {})
    wanted = parameters(build(replace(settings, mixer="sessa")))
    for name in MIXERS:
        try:
            count = parameters(build(replace(settings, mixer=name)))
            console.print(f"{name:30}{count:8}{count / wanted - 1:+8.1%}")
        except ModuleNotFoundError as error:
            console.print(f"{name:30}{reason(error)}")


@app.command()
def recall(
    config: Annotated[
        Path, typer.Option(metavar="FILE", help="Settings, a TOML file; experiments/configs has some.")
    ] = _CONFIGS / "recall.toml",
    mixer: Annotated[str | None, typer.Option(help=f"One of {', '.join(MIXERS)}.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of parameters and training sequences.")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Its largest value.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="For metrics, checkpoint, model and result; runs/recall/MIXER-SEED."),
    ] = None,
    threads: Annotated[int, typer.Option(help="Of torch.")] = 1,
) -> None:
    """Train a model to name a marked token some tokens later, and test it at other lags.

    A run that was interrupted goes on where its folder has a checkpoint. Exit code 0: it is done. 1: training diverged.
    2: bad options or settings, or files that cannot be read or written.
    """
    log = Console(stderr=True)
    options = {"mixer": mixer, "seed": seed, "steps": steps, "learning_rate": learning_rate}
    with _exit_codes(log):
        _use(threads)
        settings = Settings.read(config, {name: value for name, value in options.items() if value is not None})
        folder = out or Path("runs") / "recall" / f"{settings.mixer}-{settings.seed}"
        with _bar(log) as bar:
            task = bar.add_task(settings.mixer, total=settings.steps)

            def progress(step: Step) -> None:
                text = f"{settings.mixer}: loss {step.loss:.3f}, accuracy {step.accuracy:.2f}"
                bar.update(task, completed=step.step + 1, description=text)

            result = run(settings, folder, _command(), progress)
    _print(Console(), result, folder)


@app.command()
def ceilings(
    sequences: Annotated[int, typer.Option(help="For each range of lengths.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Of the sequences.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="A JSON file; runs/ceilings.json.")] = None,
) -> None:
    """Estimate what can be reached in SymbolSoup, by exact inference and by counting, in several ranges of lengths.

    Exit code 0: it is done. 2: bad options, or a file that cannot be written.
    """
    log = Console(stderr=True)
    with _exit_codes(log):
        if out is None:
            out = Path("runs") / "ceilings.json"
            out.parent.mkdir(exist_ok=True)
        if out.is_dir() or not out.parent.is_dir():  # said before the work, not after it
            raise ValueError(f"--out must be a file in a folder that exists, got {out}")
        found = measure_ceilings(sequences, seed, _command(), log.print)
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8", newline="\n")


@app.command()
def stories(
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A text to learn from, instead of generated stories.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of parameters and training text.")] = 0,
    steps: Annotated[int, typer.Option(help="Training steps.")] = 800,
    learning_rate: Annotated[float, typer.Option(help="Its largest value.")] = 1e-2,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="For model and result; runs/stories/SEED.")] = None,
    threads: Annotated[int, typer.Option(help="Of torch.")] = 1,
) -> None:
    """Train a language model on the bytes of generated stories, whose entropy is known; some minutes.

    Needs the extra `transformers`; the model is one that `AutoModelForCausalLM.from_pretrained` loads. Exit code 0: it is
    done. 1: training diverged. 2: bad options, or files that cannot be read or written.
    """
    log = Console(stderr=True)
    with _exit_codes(log):
        try:
            from experiments.stories import run as stories_run
            from experiments.stories.settings import Settings as StorySettings
            from experiments.stories.texts import FileText, StoryText
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"{reason(error)}: this command needs the extra transformers") from None
        _use(threads)
        settings = StorySettings(seed=seed, steps=steps, learning_rate=learning_rate)
        source = StoryText(settings) if text is None else FileText(text, settings)
        folder = out or Path("runs") / "stories" / str(seed)
        with _bar(log) as bar:
            task = bar.add_task("", total=steps)

            def progress(step: int, bits: float) -> None:
                bar.update(task, completed=step + 1, description=f"{bits:.3f} bits per byte")

            result = stories_run.run(settings, source, folder, _command(), progress)
    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(f"{result['parameters']} parameters, {result['seconds']:.0f} s, {folder}")
    console.print(f"bits per byte on the test: {result['bits_per_byte']:.3f}")
    for name, bits in result["limits"].items():
        if name == "from_last_bytes":
            for order, needed in bits.items():
                console.print(f"  counted after the last {order} bytes: {needed:.3f}")
        else:
            console.print(f"  {name.replace('_', ' ')}: {bits:.3f}")
    console.print("one that it tells:")
    console.print(one_line(result["told"][0]))


@contextmanager
def _exit_codes(log: Console) -> Iterator[None]:
    """Errors that the user can mend become one line: exit code 1 where training diverged, else 2."""
    try:
        yield
    except (ArithmeticError, ValueError, TypeError, OSError, ModuleNotFoundError) as error:
        diverged = isinstance(error, ArithmeticError)
        text = str(error) if diverged else reason(error)
        log.print(text, style="red", highlight=False, soft_wrap=True, markup=False)
        raise typer.Exit(1 if diverged else 2) from None


def _command() -> str:
    return shlex.join(["python", "-m", "experiments", *sys.argv[1:]])


def _use(threads: int) -> None:
    if threads < 1:
        raise ValueError(f"--threads must be positive, got {threads}")
    torch.set_num_threads(threads)


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=console,
    )


def _print(console: Console, result: Result, folder: Path) -> None:
    task = result.task
    console.print(
        f"{result.settings.mixer}: {result.parameters} parameters, {result.seconds:.0f} s, {folder}", highlight=False
    )
    console.print(f"accuracy by lag (trained at {task.lag}; chance {task.chance:.1%}, ceiling {task.ceiling:.0%}):")
    for lag, accuracy in result.accuracy_by_lag.items():
        console.print(f"{lag:>6}  {accuracy:6.1%}", highlight=False)


if __name__ == "__main__":
    app()
