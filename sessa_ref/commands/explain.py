"""`sessa-ref explain`: the faults that the oracle can name."""

from typing import Annotated

import typer

from sessa_ref.commands.terminal import FAILED, Console
from sessa_ref.messages import one_line
from sessa_ref.oracle.explain.known_mistakes import explained
from sessa_ref.oracle.report.console import print_fault, print_faults


def explain(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A fault; without it, all are listed.")] = None,
) -> None:
    """Explain a fault that the oracle can name: what it does, its usual cause, and the fix."""
    if name is None:
        print_faults(Console())
        return
    fault = explained(name)
    if fault is None:
        message = f"there is no fault {one_line(name)}; sessa-ref explain lists them"
        Console(stderr=True).print(message, style="red", soft_wrap=True)
        raise typer.Exit(FAILED)
    print_fault(Console(), fault)
