"""The report as a table on the terminal."""

import math

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sessa_ref.oracle.checks import CHECKS
from sessa_ref.oracle.explanations import Explained, kinds
from sessa_ref.oracle.faults import FAULTS
from sessa_ref.oracle.verdict import Report, Result, Status, Verdict

_STYLES = {
    Status.PASSED: "green",
    Status.DEPARTED: "yellow",
    Status.FAILED: "bold red",
    Status.ERRORED: "bold magenta",
    Status.SKIPPED: "dim",
}
_VERDICT_STYLES = {
    Verdict.CONFORMS: "bold green",
    Verdict.CONFORMS_WITH_DEPARTURES: "bold yellow",
    Verdict.DOES_NOT_CONFORM: "bold red",
}


def print_report(console: Console, report: Report) -> None:
    """A table of error/bound per case, precision and check; then what failed, and the verdict."""
    console.print(
        f"{report.target}: error / bound (at most 1 conforms, about 0.1 is good)",
        highlight=False,
        soft_wrap=True,
    )
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("case", no_wrap=True)
    table.add_column("dtype", no_wrap=True)
    for check in CHECKS:
        table.add_column(check, justify="right", min_width=max(map(len, check.split())))
    rows: dict[tuple[str, str], dict[str, Result]] = {}
    for result in report.results:
        rows.setdefault((result.case, result.dtype), {})[result.check] = result
    for (case, dtype), by_check in rows.items():
        table.add_row(case, dtype, *(_cell(by_check.get(check)) for check in CHECKS))
    console.print(table)
    for status in (Status.FAILED, Status.ERRORED, Status.DEPARTED, Status.SKIPPED):
        _print_findings(console, report, status)
    for sentence in report.location:
        console.print(f"where: {sentence}", highlight=False, soft_wrap=True)
    for diagnosis in report.diagnosis:
        console.print(f"diagnosis: [bold]{diagnosis}[/]", highlight=False, soft_wrap=True)
    console.print(
        f"verdict: {report.target} [{_VERDICT_STYLES[report.verdict]}]{report.verdict}[/]",
        highlight=False,
        soft_wrap=True,
    )


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    text = result.status.value if result.ratio is None else _number(result.ratio)
    if not result.required and result.status is Status.FAILED:
        return "[yellow]leaks[/]"
    return f"[{_STYLES[result.status]}]{text}[/]"


def _number(ratio: float) -> str:
    if not math.isfinite(ratio):
        return "inf"
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.1e}"


def _print_findings(console: Console, report: Report, status: Status) -> None:
    by_check: dict[tuple[str, bool], list[Result]] = {}
    for result in report.results:
        if result.status is status:
            by_check.setdefault((result.check, result.required), []).append(result)
    for (check, required), results in by_check.items():
        worst = max(results, key=lambda result: -1.0 if result.ratio is None else result.ratio)
        label = status.value if required else f"robustness finding, no part of the verdict ({status.value})"
        text = f"{label}: {check}, {len(results)} times; worst on {worst.case} in {worst.dtype}: {worst.message}"
        console.print(f"[{_STYLES[status] if required else 'yellow'}]{text}[/]", highlight=False, soft_wrap=True)


def print_faults(console: Console) -> None:
    """All faults of the catalogue by area, and then the kinds of mistakes that a diagnosis puts together."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("area", "fault", "what it does"):
        table.add_column(heading, no_wrap=heading == "fault")
    for fault in FAULTS.values():
        table.add_row(fault.area, fault.name, fault.departure)
    for area, name, sentence in kinds():
        table.add_row(area, Text(name), Text(sentence))
    console.print(table)


def print_fault(console: Console, fault: Explained) -> None:
    """Everything about one fault."""
    console.print(f"[bold]{fault.name}[/] ({fault.area})", highlight=False)
    for heading, text in (("what", fault.departure), ("cause", fault.cause), ("fix", fault.fix)):
        console.print(f"{heading + ':':<7}{text}", highlight=False, markup=False)
    if fault.formula:
        console.print(fault.formula, highlight=False, markup=False)
