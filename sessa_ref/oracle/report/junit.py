"""The report as JUnit XML, which continuous integration services display.

Reports hold printable characters only, all of which XML allows.
"""

from collections.abc import Sequence
from xml.etree import ElementTree

from sessa_ref.oracle.report.results import Report, Result, Status


def to_junit(report: Report) -> str:
    """JUnit XML with one test suite per precision and one test case per case and check.

    Departures, and findings that do not decide the verdict, are told in `system-out` and fail nothing. A run that
    ended early has an error of its own.
    """
    suites: dict[str, list[Result]] = {}
    results = list(report.results)
    if report.incomplete:
        results.append(Result("every case", "every precision", "the whole run", Status.ERRORED, None, report.remark))
    for result in results:
        suites.setdefault(result.dtype, []).append(result)
    root = ElementTree.Element("testsuites", {"name": report.target} | _counts(results))
    for dtype, of_dtype in suites.items():
        attributes = {"name": f"{report.target} in {dtype}"} | _counts(of_dtype)
        suite = ElementTree.SubElement(root, "testsuite", attributes)
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in {"verdict": report.verdict, "remark": report.remark, **report.about}.items():
            ElementTree.SubElement(properties, "property", name=name, value=str(value))
        for result in of_dtype:
            _add(suite, result)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add(suite: ElementTree.Element, result: Result) -> None:
    element = ElementTree.SubElement(suite, "testcase", classname=f"{result.dtype}.{result.case}", name=result.check)
    outcome = _outcome(result)
    message = result.message
    if outcome == "skipped":
        ElementTree.SubElement(element, outcome, message=message)
    elif outcome:
        ElementTree.SubElement(element, outcome, message=message, type=result.status.value).text = message
    lines = [] if result.ratio is None else [f"error/bound {result.ratio:.3g}"]
    if not outcome and result.status is not Status.PASSED:
        finding = "" if result.required else ", a finding that does not decide the verdict"
        lines.append(f"{result.status}{finding}: {message}")
    if lines:
        ElementTree.SubElement(element, "system-out").text = "\n".join(lines)


def _outcome(result: Result) -> str:
    """The child element that JUnit has for this; empty for success."""
    if result.status is Status.SKIPPED:
        return "skipped"
    return {Status.FAILED: "failure", Status.ERRORED: "error"}.get(result.status, "") if result.required else ""


def _counts(results: Sequence[Result]) -> dict[str, str]:
    outcomes = [_outcome(result) for result in results]
    named = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(results))} | {key: str(outcomes.count(o)) for key, o in named.items()}
