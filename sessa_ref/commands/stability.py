"""`sessa-ref stability`: how large a layer's outputs can be, proved from its weights, and how large a search makes them."""

from pathlib import Path
from typing import Annotated

import typer

from sessa_ref.commands.options import Checkpoint, ConfigFile
from sessa_ref.commands.terminal import Console, errors, progress, wide_console


def stability(
    checkpoint: Checkpoint,
    radius: Annotated[float, typer.Option(metavar="R", help="Inputs have |x_t| <= R in every token.")] = 1.0,
    length: Annotated[int, typer.Option(metavar="T", help="Number of tokens of the search, up to 4096.")] = 256,
    starts: Annotated[int, typer.Option(help="Random starts of the search; as many more repeat one token.")] = 6,
    steps: Annotated[int, typer.Option(help="Steps of ascent of each start.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the random starts.")] = 0,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the worst input, (T, D), as .npy.")] = None,
    config: ConfigFile = None,
) -> None:
    """Bound a layer's outputs on a ball of inputs from its weights (Proposition 25), and search for the worst input."""
    from sessa_ref.commands import stability_table
    from sessa_ref.commands.checkpoint import load
    from sessa_ref.influence.ball_bounds import ball_bound
    from sessa_ref.influence.worst_inputs import lengths, worst_input

    log = Console(stderr=True)
    with errors(f"cannot bound {checkpoint}", log):
        stability_table.check(radius, length, starts, steps, seed, save)
        parameters = load(checkpoint, config)
        bound = ball_bound(parameters, radius, length)
        with progress(log, 2 * starts + lengths(length)) as done:
            worst = worst_input(parameters, radius, length, seed, starts, steps, done)
        stability_table.print_bounds(wide_console(), parameters, bound, worst)
        if save is not None:
            stability_table.write(save, worst.x)
            typer.echo(f"worst input written to {save}", err=True)
