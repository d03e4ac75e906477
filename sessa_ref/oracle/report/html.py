"""The report as one self-contained page: no scripts, nothing to load, light and dark.

`page.html` is its template and `page.css` its style; here is what goes into it.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sessa_ref.oracle.report.results import Report, Result, Status, Verdict
from sessa_ref.plotting import ratio_figures

_FOLDER = Path(__file__).parent
_LONG_LIST = 12
"""Results beyond this number are folded away at first."""
_VERDICT_CLASSES = {
    Verdict.CONFORMS: "passed",
    Verdict.CONFORMS_WITH_DEPARTURES: "departed",
    Verdict.CONFORMS_BUT_FOR_KNOWN_FAILURES: "departed",
    Verdict.DOES_NOT_CONFORM: "failed",
    Verdict.INCOMPLETE: "errored",
}
_MARKS = {
    Status.PASSED: "",
    Status.DEPARTED: "≈ ",
    Status.FAILED: "✗ ",
    Status.ERRORED: "⚠ ",
    Status.SKIPPED: "– ",
    Status.EXPECTED: "✓ ",
}


class _Group(NamedTuple):
    """Results of one check and one status."""

    status: Status
    required: bool
    check: str
    results: Sequence[Result]

    @property
    def is_open(self) -> bool:
        """Whether its results are in view at first."""
        return self.status is not Status.SKIPPED and self.required and len(self.results) <= _LONG_LIST


def to_html(report: Report, lengths: Mapping[str, int] | None = None) -> str:
    """A page with the verdict, what failed, figures, the table of error/bound, and the settings of the run.

    Args:
        report: what to show.
        lengths: tokens of the cases, by name, for the figure of error/bound against T.

    Raises:
        MissingMatplotlibError: matplotlib is not installed.
    """
    counts = Counter(result.status for result in report.results)
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html").render(
        report=report,
        style=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        verdict_class=_VERDICT_CLASSES[report.verdict],
        summary=", ".join(f"{counts[status]} {status}" for status in Status if counts[status]),
        ran_on="; ".join(
            report.about[name] for name in ("device", "libraries", "settings", "memory") if report.about.get(name)
        ),
        explanation=[*map(str, report.diagnosis), *report.location],
        groups=_not_passed(report),
        undecisive="a finding that does not decide the verdict",
        figures=_figures(report, lengths or {}),
        marks=_MARKS,
        checks=list(dict.fromkeys(result.check for result in report.results)),
        rows=_rows(report),
        css_class=_css_class,
        mark=_mark,
        number=_number,
        plain=lambda value: ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value),
    )


def _not_passed(report: Report) -> list[_Group]:
    """What did not pass: required checks and errors first."""
    groups: dict[tuple[Status, bool, str], list[Result]] = {}
    for result in report.results:
        if result.status is not Status.PASSED:
            groups.setdefault((result.status, result.required, result.check), []).append(result)
    severity = [Status.ERRORED, Status.FAILED, Status.EXPECTED, Status.DEPARTED, Status.SKIPPED]
    order = sorted(groups, key=lambda key: (not key[1], severity.index(key[0])))
    return [_Group(*key, groups[key]) for key in order]


def _figures(report: Report, lengths: Mapping[str, int]) -> list[tuple[str, str]]:
    """Pictures as SVG, with their captions."""
    by_case = ratio_figures.ratios_by_case(report.results)
    drawn = [(by_case, "Error / bound of every check, for each case.")]
    if any(result.case in lengths for result in report.results):
        by_length = ratio_figures.ratios_by_length(report.results, lengths)
        drawn.append((by_length, "The same against the number of tokens."))
    return drawn


def _rows(report: Report) -> dict[str, dict[str, dict[str, Result]]]:
    """Results by case, precision and check."""
    rows: dict[str, dict[str, dict[str, Result]]] = {}
    for result in report.results:
        rows.setdefault(result.case, {}).setdefault(result.dtype, {})[result.check] = result
    return rows


def _is_undecisive(result: Result) -> bool:
    return not result.required and result.status in (Status.FAILED, Status.ERRORED)


def _mark(result: Result) -> str:
    return "! " if _is_undecisive(result) else _MARKS[result.status]


def _css_class(result: Result) -> Status:
    """The status, but what does not decide the verdict, or is known, looks like a departure."""
    return Status.DEPARTED if _is_undecisive(result) or result.status is Status.EXPECTED else result.status


def _number(ratio: float | None) -> str:
    if ratio is None:
        return ""
    if not math.isfinite(ratio):
        return "∞"
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.1e}"
