"""The report as one self-contained page: no scripts, nothing to load, light and dark."""

import math
from collections import Counter
from collections.abc import Mapping
from html import escape
from pathlib import Path

from sessa_ref.oracle.report.results import Report, Result, Status, Verdict
from sessa_ref.plotting import ratio_figures

_FINDING = "a finding that does not decide the verdict"
_LONG_LIST = 12
"""Findings beyond this number are folded away at first."""


def to_html(report: Report, lengths: Mapping[str, int] | None = None) -> str:
    """A page with the verdict, what failed, figures, the table of error/bound, and the settings of the run.

    Args:
        report: what to show.
        lengths: tokens of the cases, by name, for the figure of error/bound against T.

    Raises:
        MissingMatplotlibError: matplotlib is not installed.
    """
    sections = [
        _heading(report),
        _diagnosis(report),
        _findings(report),
        _figures(report, lengths or {}),
        _table(report),
        _about(report),
    ]
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.target)} {report.verdict}</title>\n<style>\n{style}</style>"
    )
    body = "\n".join(filter(None, sections))
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def _heading(report: Report) -> str:
    style = {
        Verdict.CONFORMS: "passed",
        Verdict.CONFORMS_WITH_DEPARTURES: "departed",
        Verdict.INCOMPLETE: "errored",
    }
    counts = Counter(result.status for result in report.results)
    summary = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    return (
        f"<h1>{escape(report.target)}</h1>\n"
        f'<p><span class="verdict {style.get(report.verdict, "failed")}">{report.verdict}</span></p>\n'
        f"{_remark(report)}"
        f'<p class="soft">{len(report.results)} checks: {summary or "none"}. The numbers are error / bound: at '
        "most 1 conforms, about 0.1 is good.</p>"
    )


def _remark(report: Report) -> str:
    return f'<p class="remark">{escape(report.remark)}</p>\n' if report.remark else ""


def _diagnosis(report: Report) -> str:
    """What was done wrong, and where results begin to be wrong, as far as the report tells."""
    entries = [*report.diagnosis, *report.location]
    items = "".join(f"<li>{escape(str(entry))}</li>" for entry in entries)
    return f'<h2>Diagnosis</h2>\n<div class="diagnosis"><ul>{items}</ul></div>' if items else ""


def _findings(report: Report) -> str:
    """What did not pass, by status and check."""
    groups: dict[tuple[Status, bool, str], list[Result]] = {}
    for result in report.results:
        if result.status is not Status.PASSED:
            groups.setdefault((result.status, result.required, result.check), []).append(result)
    severity = [Status.ERRORED, Status.FAILED, Status.DEPARTED, Status.SKIPPED]
    order = sorted(groups, key=lambda key: (not key[1], severity.index(key[0])))
    if not order:
        return ""
    return "<h2>What did not pass</h2>\n" + "\n".join(_group(key, groups[key]) for key in order)


def _group(key: tuple[Status, bool, str], results: list[Result]) -> str:
    status, required, check = key
    note = "" if required else f' <span class="soft">({_FINDING})</span>'
    rows = "".join(
        f"<tr><td>{escape(r.case)}</td><td>{escape(r.dtype)}</td><td>{_number(r.ratio)}</td>"
        f"<td>{escape(r.message)}</td></tr>"
        for r in results
    )
    is_open = " open" if status is not Status.SKIPPED and required and len(results) <= _LONG_LIST else ""
    times = "once" if len(results) == 1 else f"{len(results)} times"
    return (
        f'<details{is_open}><summary><span class="status {_style(results[0])}">{status}</span> '
        f'{escape(check)}, {times}{note}</summary>\n<div class="scroll"><table class="messages">'
        "<thead><tr><th>case</th><th>dtype</th><th>error / bound</th><th>message</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _figures(report: Report, lengths: Mapping[str, int]) -> str:
    by_case = ratio_figures.ratios_by_case(report.results)
    drawn = [(by_case, "Error / bound of every check, for each case.")]
    if any(result.case in lengths for result in report.results):
        by_length = ratio_figures.ratios_by_length(report.results, lengths)
        drawn.append((by_length, "The same against the number of tokens."))
    note = (
        "Beyond the dashed line, a result does not conform. Ratios beyond an end of the axis, and 0, are drawn "
        "at that end; ∞ is for what is not finite or has a wrong shape."
    )
    parts = [
        f'<figure><div class="scroll">{svg}</div><figcaption>{caption}</figcaption></figure>' for svg, caption in drawn
    ]
    return f'<h2>Error / bound</h2>\n<p class="soft">{note}</p>\n<div class="figures">{"".join(parts)}</div>'


def _table(report: Report) -> str:
    checks = list(dict.fromkeys(result.check for result in report.results))
    rows: dict[str, dict[str, dict[str, Result]]] = {}
    for result in report.results:
        rows.setdefault(result.case, {}).setdefault(result.dtype, {})[result.check] = result
    lines = []
    for case, by_dtype in rows.items():
        first = f'<th class="case" scope="rowgroup" rowspan="{len(by_dtype)}">{escape(case)}</th>'
        for dtype, by_check in by_dtype.items():
            cells = "".join(_cell(by_check.get(check)) for check in checks)
            lines.append(f'<tr>{first}<th scope="row">{escape(dtype)}</th>{cells}</tr>')
            first = ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("case", "dtype", *checks))
    legend = " ".join(f'<span class="{status}">{_MARKS[status]}{status}</span>' for status in Status)
    return (
        f'<h2>Every check</h2>\n<p class="legend soft">{legend} <span class="departed">! {_FINDING}</span></p>\n'
        f'<div class="scroll"><table class="ratios"><thead><tr>{head}</tr></thead>\n<tbody>'
        + "\n".join(lines)
        + "</tbody></table></div>"
    )


_MARKS = {
    Status.PASSED: "",
    Status.DEPARTED: "≈ ",
    Status.FAILED: "✗ ",
    Status.ERRORED: "⚠ ",
    Status.SKIPPED: "– ",
}


def _cell(result: Result | None) -> str:
    if result is None:
        return "<td></td>"
    is_finding = not result.required and result.status in (Status.FAILED, Status.ERRORED)
    mark = "! " if is_finding else _MARKS[result.status]
    text = _number(result.ratio) or result.status.value
    title = f' title="{escape(result.message)}"' if result.message else ""
    return f'<td class="{_style(result)}"{title}>{mark}{text}</td>'


def _style(result: Result) -> str:
    """CSS class: the status, but findings that do not decide the verdict look like departures."""
    if not result.required and result.status in (Status.FAILED, Status.ERRORED):
        return Status.DEPARTED.value
    return result.status.value


def _number(ratio: float | None) -> str:
    if ratio is None:
        return ""
    if not math.isfinite(ratio):
        return "∞"
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.1e}"


def _about(report: Report) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th><td>{escape(_plain(value))}</td></tr>'
        for name, value in report.about.items()
    )
    return f'<h2>About this run</h2>\n<div class="scroll"><table class="about"><tbody>{rows}</tbody></table></div>'


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
