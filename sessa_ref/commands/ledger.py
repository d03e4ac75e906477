"""`sessa-ref ledger`: every numbered statement of the paper, what was done to check it, and how strongly it holds.

The ledger is the package `proofs_checks`, which rests on everything here and on torch. It is imported only when one of
these commands runs.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from sessa_ref.commands.ledger_text import print_row, print_summary, problems
from sessa_ref.commands.terminal import Console, errors, progress, verdict_status
from sessa_ref.files import try_to_write
from sessa_ref.messages import nearest

if TYPE_CHECKING:
    from proofs_checks.statement import Statement


class _RunByDefault(TyperGroup):
    """`ledger thm:8` means `ledger run thm:8`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before arguments that name no command."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


ledger = typer.Typer(cls=_RunByDefault, help="Run or show the checks of the paper's statements.")

Identifiers = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Rows such as thm:8; by default all.")]


@ledger.command()
def run(
    ids: Identifiers = None,
    quick: Annotated[bool, typer.Option(help="Fewer cases for each claim; nothing is recorded.")] = False,
    compare: Annotated[bool, typer.Option(help="Fail where a row differs from the record, or is stale there.")] = False,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to record the outcome.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default one for each core.")] = None,
) -> None:
    """Check statements: the claims of each, and that each bent statement fails (the default command).

    The outcome is recorded in the ledger's status.json, unless --quick or --compare is given.
    """
    log = Console(stderr=True)
    with errors("the ledger cannot be run", log):
        from proofs_checks import record, runner
        from proofs_checks.formal.status import with_formal
        from proofs_checks.ledger import ROWS, row

        rows = [row(name).id for name in ids] if ids else [one.id for one in ROWS]
        file = output or (None if quick or compare else record.FILE)
        if file is not None:
            try_to_write(file)
        recorded = record.load()
        with progress(log, len(rows)) as step:
            outcomes = runner.run_rows(
                rows,
                quick,
                workers=workers,
                done=lambda outcome: step(f"{outcome.id}: {outcome.status}"),
                seconds=lambda name: recorded[name].seconds,
            )
        if file is not None:
            record.save(outcomes, file)
        print_summary(with_formal(outcomes))
        wrong = problems(outcomes) + (record.differences(outcomes, recorded) if compare else [])
    for line in wrong:
        log.print(line, style="red", soft_wrap=True)
    raise typer.Exit(verdict_status(not wrong))


@ledger.command()
def show(
    id: Annotated[str, typer.Argument(help="A row such as thm:8.")],  # noqa: A002
    bend: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Change a constant of the statement and run its check."),
    ] = None,
    quick: Annotated[bool, typer.Option(help="With --bend: fewer cases.")] = False,
) -> None:
    """Show a statement, what was done to check it, and what that rests on."""
    log = Console(stderr=True)
    with errors("the row cannot be shown", log):
        from proofs_checks import record, runner
        from proofs_checks.ledger import row

        statement, outcomes = row(id), record.shown()
        values = dict(_bent(statement, text) for text in bend or ())
        outcome = runner.run_row(id, quick, teeth=False, **values) if values else outcomes[id]
        print_row(statement, outcome, values, record.broken_needs(id, outcomes))
        stale = not values and record.is_stale(outcome)
    if stale:
        log.print("stale: the check has changed since it was recorded; sessa-ref ledger runs it", style="yellow")
    raise typer.Exit(verdict_status(outcome.status not in ("failed", "errored")))


@ledger.command()
def errata(id: Annotated[str | None, typer.Argument(help="An erratum; without it, all are listed.")] = None) -> None:  # noqa: A002
    """List the errata, or run the example that shows one."""
    log = Console(stderr=True)
    with errors("the erratum cannot be shown", log):
        from proofs_checks.errata import ERRATA

        known = {one.id: one for one in ERRATA}
        if id is None:
            for one in ERRATA:
                Console().print(f"{one.id}: {one.where}: {one.kind}", soft_wrap=True)
            return
        one = known.get(id)
        if one is None:
            raise ValueError(f"there is no erratum {id!r}{nearest(id, known)}; sessa-ref ledger errata lists them")
        shown = one.example()
        for title, text in (
            (one.where, one.kind),
            ("printed", one.printed),
            ("correct", one.correct),
            ("the conclusion", one.conclusion),
            ("shown" if shown.shows else "NOT shown", shown.text),
        ):
            Console().print(f"{title}: {text}", soft_wrap=True)
    raise typer.Exit(verdict_status(bool(shown.shows)))


def _bent(statement: "Statement", text: str) -> tuple[str, Any]:
    """A constant and its new value, of the type that the constant has."""
    name, equals, value = text.partition("=")
    constants = statement.constants()
    if not equals:
        raise ValueError(f"--bend: expected NAME=VALUE, got {text!r}")
    if name not in constants:
        known = ", ".join(f"{key}={constant!r}" for key, constant in constants.items()) or "none"
        raise ValueError(f"--bend: {statement.id} has no constant {name!r}; it has: {known}")
    kind = type(constants[name])
    try:
        return name, {"true": True, "false": False}[value.lower()] if kind is bool else kind(value)
    except (KeyError, ValueError):
        raise ValueError(
            f"--bend: expected {name} as {kind.__name__}, such as {constants[name]!r}, got {value!r}"
        ) from None
