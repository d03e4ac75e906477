"""`python -m experiments table`: what was found, as tables and a figure."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from experiments.commands.terminal import exit_codes
from experiments.comparison import read_experiments
from experiments.figures import draw
from experiments.results import KEPT
from experiments.tables import to_markdown
from sessa_ref.plotting import picture_files


def table(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[FOLDER]", help="Of an experiment, or of several; by default those that are kept."),
    ] = KEPT,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the accuracies, too: .svg, .pdf or .png.")
    ] = None,
) -> None:
    """Print a Markdown table of each experiment: mixers, tests, what can be reached, what diverged and what was not run.

    Exit code 0: it is done. 2: there are no results, or files that cannot be read or written.
    """
    with exit_codes(Console(stderr=True)):
        picture_files.check_files(figure)
        experiments = read_experiments(folder)
        if figure is not None:
            picture_files.save(draw(experiments), figure)
        typer.echo("\n".join(map(to_markdown, experiments)), nl=False)
