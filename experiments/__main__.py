"""`python -m experiments`: train small models and see what they learn."""

import typer

from experiments.commands.ceilings import ceilings
from experiments.commands.grid import grid
from experiments.commands.mixers import mixers
from experiments.commands.stories import stories
from experiments.commands.table import table
from experiments.commands.train import train

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def experiments() -> None:
    """Train small models on tasks with known ceilings, and see what their layers learn."""


for command in (train, grid, table, mixers, ceilings, stories):
    app.command()(command)

if __name__ == "__main__":
    app()
