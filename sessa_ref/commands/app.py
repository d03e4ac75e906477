"""`sessa-ref`: the list of its commands; each has a file of its own."""

from typing import Annotated

import typer

import sessa_ref
from sessa_ref.commands.construct import construct
from sessa_ref.commands.explain import explain
from sessa_ref.commands.hops import hops
from sessa_ref.commands.ledger import ledger
from sessa_ref.commands.paths import paths
from sessa_ref.commands.stability import stability
from sessa_ref.commands.terminal import Commands
from sessa_ref.commands.vectors import vectors
from sessa_ref.commands.verify import verify

main = typer.Typer(
    name="sessa-ref",
    cls=Commands,
    help="The verified mathematical reference of Sessa.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
main.command()(verify)
main.command()(explain)
main.add_typer(vectors, name="vectors")
main.add_typer(ledger, name="ledger")
main.add_typer(construct, name="construct")
main.command()(paths)
main.command()(hops)
main.command()(stability)


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
