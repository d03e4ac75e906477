"""`sessa-ref hops`: the influences on a token of a real layer, divided by number of hops."""

from pathlib import Path
from typing import Annotated

import typer

from sessa_ref.commands.options import Checkpoint, ConfigFile, PowersFile
from sessa_ref.commands.terminal import Console, errors, wide_console


def hops(
    checkpoint: Checkpoint,
    tokens: Annotated[
        Path, typer.Argument(metavar="INPUT", help="x of shape (T, D): .npy, or safetensors with one tensor or an x.")
    ],
    target: Annotated[int | None, typer.Option(help="Token that the others influence; the last by default.")] = None,
    most: Annotated[int, typer.Option(help="How many numbers of hops are shown one by one.")] = 6,
    rows: Annotated[int, typer.Option(help="How many sources are shown, the strongest.")] = 12,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw shares by source: .svg, .pdf or .png.")
    ] = None,
    powers: PowersFile = None,
    config: ConfigFile = None,
) -> None:
    """Show the influences on a token of a real layer, divided by number of hops."""
    from sessa_ref.commands import routing_of_layer

    log = Console(stderr=True)
    with errors(f"cannot show hops in {checkpoint} on {tokens}", log):
        routing_of_layer.check(most, rows, plot, powers)
        B = routing_of_layer.routing_matrix(checkpoint, tokens, config)
        shown = routing_of_layer.print_hops(wide_console(), B, target, most, rows)
        for path in routing_of_layer.draw(B, shown, plot, powers):
            typer.echo(f"picture written to {path}", err=True)
