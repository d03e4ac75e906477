"""`sessa-ref`: a thin command line over the package."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import sessa_ref
from sessa_ref.oracle import Candidate, TargetError, battery
from sessa_ref.oracle import verify as run_oracle
from sessa_ref.oracle.console import print_report
from sessa_ref.oracle.precision import PRECISIONS, STANDARD_DTYPES

main = typer.Typer(
    name="sessa-ref",
    help="The verified mathematical reference of Sessa.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool | None) -> None:
    if wanted:
        typer.echo(f"sessa-ref {sessa_ref.__version__}")
        raise typer.Exit


@main.callback()
def _options(
    version: Annotated[
        bool | None,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = None,
) -> None:
    pass


@main.command()
def verify(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A torch module class with the published constructor: "
            "package.module:Class or path/to/file.py:Class.",
        ),
    ],
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the report as JSON.")
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Check this precision; may be repeated. One of {', '.join(PRECISIONS)}; "
            f"{' and '.join(STANDARD_DTYPES)} by default."
        ),
    ] = None,
) -> None:
    """Check an implementation of the layer against the reference.

    Exit code 0: it conforms. 1: it does not. 2: it could not be run.
    """
    console, log = Console(), Console(stderr=True)
    dtypes = dtype or list(STANDARD_DTYPES)
    try:
        if json_file is not None and not json_file.absolute().parent.is_dir():
            raise TargetError(f"--json: there is no folder {json_file.absolute().parent}")
        unknown = [d for d in dtypes if d not in PRECISIONS]
        if unknown:
            raise TargetError(f"--dtype must be one of {', '.join(PRECISIONS)}, got {', '.join(unknown)}")
        candidate = _load(target)
        cases = battery()
        log.print(
            f"checking {target} on {len(cases)} cases in {' and '.join(dtypes)}",
            highlight=False,
            soft_wrap=True,
        )
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=log, transient=True, disable=not log.is_terminal) as bar:
            task = bar.add_task("", total=len(cases) * len(dtypes))

            def show(step: str) -> None:
                bar.update(task, description=step, advance=0 if bar.tasks[task].description == "" else 1)
                if not log.is_terminal:
                    log.print(f"  {step}", highlight=False, soft_wrap=True)

            report = run_oracle(candidate, dtypes, cases, progress=show)
    except TargetError as error:
        log.print(
            f"cannot check {target}: {error}", style="red", highlight=False, markup=False, soft_wrap=True
        )
        raise typer.Exit(2) from None
    print_report(console, report)
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), indent=2) + "\n")
        log.print(f"report written to {json_file}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if report.conforms else 1)


def _load(target: str) -> Candidate:
    try:
        from sessa_ref.oracle.torch_candidate import load_target
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise TargetError('checking a torch module needs torch: pip install "sessa-ref[torch]"') from None
    return load_target(target)
