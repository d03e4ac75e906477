"""The command line in this process."""

from typing import Any

from typer.testing import CliRunner, Result

from sessa_ref.commands import app


def run(*arguments: Any) -> Result:
    """What `sessa-ref ARGUMENTS` does."""
    return CliRunner().invoke(app.main, [str(argument) for argument in arguments])
