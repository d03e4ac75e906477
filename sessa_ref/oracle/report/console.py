"""The report as a table on the terminal."""

import math
import sys

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sessa_ref.faults import FAULTS
from sessa_ref.oracle.checks import CHECKS
from sessa_ref.oracle.explain.known_mistakes import Explained, kinds
from sessa_ref.oracle.report.results import Report, Result, Status, Verdict

_STYLES = {
    Status.PASSED: "green",
    Status.DEPARTED: "yellow",
    Status.FAILED: "bold red",
    Status.ERRORED: "bold magenta",
    Status.SKIPPED: "dim",
    Status.EXPECTED: "yellow",
}
_VERDICT_STYLES = {
    Verdict.CONFORMS: "bold green",
    Verdict.CONFORMS_WITH_DEPARTURES: "bold yellow",
    Verdict.CONFORMS_BUT_FOR_KNOWN_FAILURES: "bold yellow",
    Verdict.DOES_NOT_CONFORM: "bold red",
    Verdict.INCOMPLETE: "bold magenta",
}


def print_report(console: Console, report: Report) -> None:
    """A table of error/bound per case, precision and check; then what failed, and the verdict."""
    _print(console, f"{report.target}: error / bound (at most 1 conforms, about 0.1 is good)")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("case", no_wrap=True)
    table.add_column("dtype", no_wrap=True)
    checks = [check for check in CHECKS if any(result.check == check for result in report.results)]
    for check in checks:
        table.add_column(check, justify="right", min_width=max(map(len, check.split())))
    rows: dict[tuple[str, str], dict[str, Result]] = {}
    for result in report.results:
        rows.setdefault((result.case, result.dtype), {})[result.check] = result
    for (case, dtype), by_check in rows.items():
        table.add_row(Text(case), Text(dtype), *(_cell(by_check.get(check)) for check in checks))
    whole = console.measure(table, options=console.options.update(max_width=sys.maxsize)).maximum
    console.width = max(console.width, whole)  # a number that is cut off is another number
    console.print(table)
    for status in (Status.FAILED, Status.ERRORED, Status.EXPECTED, Status.DEPARTED, Status.SKIPPED):
        _print_not_passed(console, report, status)
    for sentence in report.location:
        _print(console, f"where: {sentence}")
    for diagnosis in report.diagnosis:
        _print(console, "diagnosis: ", (str(diagnosis), "bold"))
    ran_on = [report.about[name] for name in ("device", "libraries", "settings", "memory") if report.about.get(name)]
    if ran_on:
        _print(console, f"on {'; '.join(ran_on)}")
    remark = f"; {report.remark}" if report.remark else ""
    _print(console, f"verdict: {report.target} ", (report.verdict, _VERDICT_STYLES[report.verdict]), remark)


def _print(console: Console, *parts: str | tuple[str, str]) -> None:
    """A line that is not wrapped; brackets in it are brackets, whatever the console makes of markup."""
    console.print(Text.assemble(*parts), soft_wrap=True)


def _cell(result: Result | None) -> Text:
    if result is None:
        return Text()
    if not result.required and result.status is Status.FAILED:
        return Text("leaks", "yellow")
    return Text(result.status.value if result.ratio is None else _number(result.ratio), _STYLES[result.status])


def _number(ratio: float) -> str:
    if not math.isfinite(ratio):
        return "inf"
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.1e}"


def _print_not_passed(console: Console, report: Report, status: Status) -> None:
    by_check: dict[tuple[str, bool], list[Result]] = {}
    for result in report.results:
        if result.status is status:
            by_check.setdefault((result.check, result.required), []).append(result)
    for (check, required), results in by_check.items():
        worst = max(results, key=lambda result: -1.0 if result.ratio is None else result.ratio)
        label = status.value if required else f"robustness finding, no part of the verdict ({status.value})"
        text = f"{label}: {check}, {len(results)} times; worst on {worst.case} in {worst.dtype}: {worst.message}"
        _print(console, (text, _STYLES[status] if required else "yellow"))


def print_faults(console: Console) -> None:
    """All faults of the catalogue by area, and then the kinds of mistakes that a diagnosis puts together."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("area", "fault", "what it does"):
        table.add_column(heading, no_wrap=heading == "fault")
    for fault in FAULTS.values():
        table.add_row(Text(fault.area), Text(fault.name), Text(fault.description))
    for area, name, sentence in kinds():
        table.add_row(Text(area), Text(name), Text(sentence))
    console.print(table)


def print_fault(console: Console, fault: Explained) -> None:
    """Everything about one fault."""
    _print(console, (fault.name, "bold"), f" ({fault.area})")
    for heading, text in (("what", fault.description), ("cause", fault.cause), ("fix", fault.fix)):
        console.print(Text(f"{heading + ':':<7}{text}"))
    if fault.formula:
        console.print(Text(fault.formula))
