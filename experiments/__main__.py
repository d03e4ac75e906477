"""`python -m experiments`: train small models and see what they learn."""

import typer
from rich.console import Console

from experiments.commands.ceilings import ceilings
from experiments.commands.grid import grid
from experiments.commands.mixers import mixers
from experiments.commands.rerun import rerun
from experiments.commands.stories import stories
from experiments.commands.table import table
from experiments.commands.terminal import exit_codes
from experiments.commands.train import train
from experiments.parallel import check_alone

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def experiments(context: typer.Context) -> None:
    """Train small models on tasks with known ceilings, and see what their layers learn."""
    with exit_codes(Console(stderr=True)):
        if context.invoked_subcommand != "train":
            check_alone()


for command in (train, rerun, grid, table, mixers, ceilings, stories):
    app.command()(command)

if __name__ == "__main__":
    app()
