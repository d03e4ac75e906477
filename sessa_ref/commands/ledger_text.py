"""What `sessa-ref ledger` prints."""

from typing import TYPE_CHECKING, Any

from rich.table import Table

from sessa_ref.commands.terminal import Console, wide_console

if TYPE_CHECKING:
    from proofs_checks.outcome import Outcome
    from proofs_checks.statement import Statement


def problems(outcomes: dict[str, "Outcome"]) -> list[str]:
    """What went wrong in a run, a line each: claims that do not hold, errors, and bent statements that hold."""
    lines = []
    for outcome in outcomes.values():
        if outcome.error:
            lines.append(f"{outcome.id}: {outcome.error}")
        lines += [
            f"{outcome.id}: {piece.claim}: {piece.how}: {piece.example}" for piece in outcome.pieces if not piece.holds
        ]
        lines += [f"{outcome.id}: holds although bent: {bend.about}" for bend in outcome.bends if not bend.fails]
    return lines


def print_summary(outcomes: dict[str, "Outcome"]) -> None:
    """The counts by status and level; up to twenty rows are also listed."""
    table = Table("id", "status", "level", "tightness", "cases", "seconds", box=None)
    for outcome in outcomes.values() if len(outcomes) <= 20 else ():
        tightness = "" if outcome.tightness is None else f"{outcome.tightness:.3g}"
        cells = (outcome.status, outcome.level or "", tightness, str(outcome.cases), f"{outcome.seconds:.1f}")
        table.add_row(outcome.id, *cells)
    if table.row_count:
        wide_console().print(table)
    counts: dict[str, int] = {}
    for outcome in outcomes.values():
        counts[outcome.label] = counts.get(outcome.label, 0) + 1
    for label, count in sorted(counts.items()):
        Console().print(f"{count:4} {label}")
    bends = [bend for outcome in outcomes.values() for bend in outcome.bends]
    Console().print(f"{sum(bend.fails for bend in bends)} of {len(bends)} bent statements fail, as they must")


def print_row(statement: "Statement", outcome: "Outcome", bent: dict[str, Any], broken: list[str]) -> None:
    """A statement, its proof if it is ours, its outcome, and the statements among its dependencies that do not hold."""
    console = Console()

    def line(text: str = "") -> None:
        console.print(text, soft_wrap=True)

    line(f"{statement.id}  {statement.title}  ({statement.where})")
    line()
    line(statement.says)
    line()
    if statement.proof and not bent:
        line(f"proof: {statement.proof}")
        line()
    if bent:
        line("bent: " + ", ".join(f"{name} = {value!r}" for name, value in bent.items()))
    line(f"status: {outcome.label}")
    if outcome.formal:
        line(
            f"proved by machine: {', '.join(outcome.formal.statements)}: {outcome.formal.label}; its check: {outcome.formal.level}"
        )
    if outcome.tightness is not None:
        line(f"tightness: {outcome.tightness:.4g} (attained / claimed; 1 is sharp)")
    for name, text in (
        ("rests on", statement.trust),
        ("not higher because", "" if outcome.level == "formal" else statement.not_higher),
        ("error", outcome.error),
    ):
        if text:
            line(f"{name}: {text}")
    for piece in outcome.pieces:
        mark = "refutes" if piece.refutes and piece.holds else "holds" if piece.holds else "FAILS"
        line(f"  {mark}  {piece.claim} [{piece.level or 'agreement'}]: {piece.how}")
        if piece.example:
            line(f"         {piece.example}")
    for bend in outcome.bends:
        line(f"  bent: {bend.about}: {'fails, ' + bend.example if bend.fails else 'HOLDS, which it must not'}")
    if statement.constants() and not bent:
        line("can be bent: " + ", ".join(f"{name}={value!r}" for name, value in statement.constants().items()))
    if statement.needs:
        line(f"depends on: {', '.join(statement.needs)}")
    if broken:
        line(f"of these do not hold as printed: {', '.join(broken)}")
