"""`python -m benchmarks`: time and memory of all methods, side by side."""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import psutil
import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.correctness import Admission
from benchmarks.device.run import Plan
from benchmarks.device.run import run as run_on_device
from benchmarks.methods import method
from benchmarks.plot import save
from benchmarks.report import headline, tables
from benchmarks.results import Results
from benchmarks.run import run, steps
from benchmarks.settings import METHODS, Settings
from benchmarks.tables import Table as Texts
from sessa_ref.oracle.implementation.devices import find
from sessa_ref.oracle.implementation.protocol import TargetError

_DEFAULT = Settings()
_OF_DEVICE = {"device", "lengths", "width", "json_file"}
"""The options that go with --device."""


def main(
    context: typer.Context,
    device: Annotated[
        str | None,
        typer.Option(
            help="Instead of all that: the feedback solve on this device (cuda, ...), beside attention. "
            "Takes --lengths, --width and --json; by default 4096,32768,131072 tokens and D = 512 and 1024."
        ),
    ] = None,
    width: Annotated[int, typer.Option(help="Model width D.")] = _DEFAULT.width,
    heads: Annotated[int, typer.Option(help="Heads H.")] = _DEFAULT.heads,
    batch: Annotated[int, typer.Option(help="Sequences in a batch.")] = _DEFAULT.batch,
    lengths: Annotated[
        str | None, typer.Option(help="Numbers of tokens, as in 16,64,256; 16 to 65536 by default.")
    ] = None,
    contexts: Annotated[
        str | None, typer.Option(help="Numbers of tokens to decode after; 256,1024,4096 by default.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="Precision.")] = _DEFAULT.dtype,
    threads: Annotated[int, typer.Option(help="Threads; 0 for one per core.")] = 0,
    repetitions: Annotated[int, typer.Option(help="Calls behind a median, at least.")] = _DEFAULT.repetitions,
    budget: Annotated[
        float, typer.Option(help="Seconds after which no repetition begins, per measurement and length.")
    ] = _DEFAULT.budget,
    methods: Annotated[
        str | None,
        typer.Option(
            help=f"Of {','.join(METHODS)}; ratios refer to the first. "
            "By default all, published if --published is given."
        ),
    ] = None,
    published: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A clone of the public repository, for the method published.")
    ] = None,
    time_limit: Annotated[
        float, typer.Option(help="Seconds that one call may take, start of its process included.")
    ] = _DEFAULT.time_limit,
    memory_limit: Annotated[float, typer.Option(help="GiB that one call may allocate.")] = _DEFAULT.memory_limit,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the results.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw them; .png, .svg or .pdf.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Short lengths and few repetitions, to see it work.")] = False,
) -> None:
    """Time all methods side by side, and measure their memory.

    Exit code 0: everything asked for was admitted. 1: a method does not conform and was not timed. 2: bad options.
    """
    log = Console(stderr=True)
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if device is not None:
        _on_device(log, device, (width,) if "width" in given else Plan.widths, lengths, json_file, given)
        return
    try:
        settings = Settings(
            width=width,
            heads=heads,
            batch=batch,
            lengths=_numbers("--lengths", lengths, (16, 64, 256) if quick else _DEFAULT.lengths),
            contexts=_numbers("--contexts", contexts, (64, 256) if quick else _DEFAULT.contexts),
            dtype=dtype,
            threads=threads or psutil.cpu_count(logical=False) or os.cpu_count() or 1,
            repetitions=min(repetitions, 3) if quick else repetitions,
            budget=min(budget, 10) if quick else budget,
            methods=_methods(methods, published),
            published=None if published is None else str(published.resolve()),
            time_limit=time_limit,
            memory_limit=memory_limit,
            product_size=1024 if quick else _DEFAULT.product_size,
        )
        chosen = [method(name, settings.published) for name in settings.methods]
        _require_folder(json_file, plot)
    except (ValueError, TypeError) as error:
        _refuse(log, error)
    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=log, transient=True) as bar:
        task = bar.add_task("", total=steps(settings))
        results = run(
            settings,
            chosen,
            progress=lambda step: bar.update(task, description=step, advance=1),
            detail=lambda step: bar.update(task, description=step),
            say=lambda admission: _print_admission(log, admission),
        )
    _print(Console(width=None if Console().is_terminal else 140), results)
    if json_file is not None:
        json_file.write_text(results.to_json(), encoding="utf-8", newline="\n")
    if plot is not None:
        save(results, plot)
    raise typer.Exit(0 if all(admission.admitted for admission in results.admissions) else 1)


def _on_device(
    log: Console, name: str, widths: tuple[int, ...], lengths: str | None, json_file: Path | None, given: list[str]
) -> None:
    try:
        if others := sorted(set(given) - _OF_DEVICE):
            raise ValueError(f"--device takes no --{others[0].replace('_', '-')}")
        plan = Plan(find(name), _numbers("--lengths", lengths, Plan.lengths), widths)
        _require_folder(json_file)
    except (ValueError, TargetError) as error:
        _refuse(log, error)
    with log.status("") as status:
        results = run_on_device(plan, say=status.update)
    console = Console(width=None if Console().is_terminal else 140)
    for line in results.headline():
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    _print_table(console, results.table())
    if json_file is not None:
        json_file.write_text(results.to_json(), encoding="utf-8", newline="\n")
    raise typer.Exit(0 if all(admission.admitted for admission in results.admissions.values()) else 1)


def _refuse(log: Console, error: Exception) -> NoReturn:
    log.print(str(error), style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(2) from None


def _require_folder(*files: Path | None) -> None:
    for path in files:
        if path is not None and not path.resolve().parent.is_dir():
            raise ValueError(f"there is no folder {path.resolve().parent} to write {path.name} into")


def _numbers(option: str, text: str | None, default: tuple[int, ...]) -> tuple[int, ...]:
    if text is None:
        return default
    try:
        return tuple(int(word) for word in text.split(",") if word.strip())
    except ValueError:
        raise ValueError(f"{option} must be integers with commas between them, got {text}") from None


def _methods(text: str | None, published: Path | None) -> tuple[str, ...]:
    if text is not None:
        return tuple(word.strip() for word in text.split(","))
    return tuple(name for name in METHODS if name != "published" or published is not None)


def _print_admission(log: Console, admission: Admission) -> None:
    style = "green" if admission.admitted else "bold red"
    log.print(f"{admission.method}: [{style}]{admission.verdict}[/]", highlight=False, soft_wrap=True)


def _print(console: Console, results: Results) -> None:
    for line in headline(results):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    for table in tables(results):
        _print_table(console, table)


def _print_table(console: Console, table: Texts) -> None:
    console.print(table.title, style="bold", highlight=False)
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in table.header:
        shown.add_column(heading, justify="right")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)


if __name__ == "__main__":
    typer.run(main)
