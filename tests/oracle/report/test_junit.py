"""JUnit XML: nothing is lost, nothing is decided differently, and any text survives."""

from xml.etree import ElementTree

from sessa_ref.oracle import Report, Result
from sessa_ref.oracle.report import to_junit
from sessa_ref.oracle.report.results import Status
from tests.oracle.report.reports import REPORT, RESULTS


def test_junit_has_every_result_once():
    root = ElementTree.fromstring(to_junit(REPORT))
    suites = {suite.get("name"): suite for suite in root.findall("testsuite")}
    assert list(suites) == ["my <layer> in float64", "my <layer> in float32"]
    found = {
        (case.get("classname"), case.get("name")) for suite in suites.values() for case in suite.findall("testcase")
    }
    assert found == {(f"{r.dtype}.{r.case}", r.check) for r in RESULTS}
    assert len(root.findall("testsuite/testcase")) == len(RESULTS)


def test_junit_counts_what_decides_the_verdict():
    root = ElementTree.fromstring(to_junit(REPORT))
    counts = [root.attrib, *(suite.attrib for suite in root.findall("testsuite"))]
    keys = ("tests", "failures", "errors", "skipped")
    assert [[int(count[key]) for key in keys] for count in counts] == [[8, 1, 1, 1], [5, 1, 1, 1], [3, 0, 0, 0]]
    for kind, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert len(list(root.iter(kind))) == int(root.attrib[key])
    (failure,) = root.iter("failure")
    assert failure.get("message") == "dx[0, 1] off by 31.5 bounds"


def test_junit_tells_departures_and_findings_without_failing():
    root = ElementTree.fromstring(to_junit(REPORT))
    outputs = [element.text or "" for element in root.iter("system-out")]
    assert any("departed: float32 rotary angles" in text for text in outputs)
    assert sum("a finding that does not decide the verdict" in text for text in outputs) == 2
    properties = {p.get("name"): p.get("value") for p in root.iter("property")}
    assert properties["verdict"] == "does not conform"
    assert properties["machine"] == "x86 & more"


def test_junit_survives_characters_that_xml_forbids():
    message = "\x1b[31mred\x00 \ud800 ]]> & <tag> \u2260"
    about = {"machine": "a\x1bb", "numbers": ["\ud800", 1]}
    report = Report("layer\x07", [Result("c", "float64", "forward", Status.ERRORED, None, message)], about)
    root = ElementTree.fromstring(to_junit(report).encode())
    (error,) = root.iter("error")
    assert error.text == r"\x1b[31mred\x00 \ud800 ]]> & <tag> ≠"
    assert root.get("name") == r"layer\x07"
    assert {p.get("value") for p in root.iter("property")} >= {r"a\x1bb", r"['\\ud800', 1]"}
