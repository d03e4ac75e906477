"""`sessa-ref paths`: all ways by which one token reaches a later one, for a routing with symbols."""

from pathlib import Path
from typing import Annotated

import typer

from sessa_ref.commands.options import PowersFile
from sessa_ref.commands.terminal import Console, errors


def paths(
    length: Annotated[int, typer.Option(metavar="T", help="Number of tokens.")],
    source: Annotated[int, typer.Option(help="Token where the paths begin.")] = 0,
    target: Annotated[int | None, typer.Option(help="Token where they end; the last by default.")] = None,
    routing: Annotated[
        str, typer.Option(help="general, gains (gamma_t alpha_tj), uniform, predecessor or banded.")
    ] = "general",
    matrix: Annotated[bool, typer.Option("--matrix", help="Sum by powers of B instead of listing the paths.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the paths: .svg, .pdf or .png.")] = None,
    powers: PowersFile = None,
    gamma: Annotated[
        float, typer.Option(help="The gain in pictures, in [-1, 1]; other symbols count as 1 there.")
    ] = 0.9,
) -> None:
    """Print all ways by which one token reaches a later one, sorted by hops."""
    from sessa_ref.commands import routing_of_symbols

    log = Console(stderr=True)
    with errors("cannot expand", log):
        routing_of_symbols.check(gamma, plot, powers)
        expansion = routing_of_symbols.expand(routing, length, source, target, matrix)
        routing_of_symbols.print_or_latex(Console(), expansion, latex)
        for path in routing_of_symbols.draw(routing, length, expansion, gamma, plot, powers):
            typer.echo(f"picture written to {path}", err=True)
