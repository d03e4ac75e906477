"""`sessa-ref vectors`: the cases as files, and the judgement of outputs that someone else computed."""

from pathlib import Path
from typing import Annotated

import typer

from sessa_ref.commands.terminal import Console, errors, progress, verdict_status, wide_console
from sessa_ref.messages import one_line
from sessa_ref.oracle.report.console import print_report

vectors = typer.Typer(
    help="Test vectors as files, for implementations that cannot run the oracle.", no_args_is_help=True
)


@vectors.command("export")
def export_vectors(directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the vectors go.")]) -> None:
    """Write cases with true values, error radii, tolerances, and the faults that each case exposes."""
    from sessa_ref.oracle.cases.exposed_faults import exposed_faults
    from sessa_ref.oracle.vectors import export

    log = Console(stderr=True)
    with errors(f"cannot write vectors to {directory}", log), progress(log, 0) as show:
        names = export(directory, exposes=exposed_faults, progress=show)
    log.print(one_line(f"{len(names)} vectors written to {directory}"), soft_wrap=True)


@vectors.command("check")
def check_vectors(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="What `vectors export` wrote.")],
    outputs: Annotated[Path, typer.Argument(metavar="OUTPUTS", help="Holds NAME/out.safetensors for the cases.")],
    require: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="gradients, if they must not be skipped.")
    ] = None,
) -> None:
    """Judge outputs that someone else computed. Exit codes as for `verify`."""
    from sessa_ref.oracle.vectors import check

    with errors(f"cannot check {outputs}", Console(stderr=True)):
        report = check(directory, outputs, require or [])
        print_report(wide_console(), report)
    raise typer.Exit(verdict_status(report.conforms))
