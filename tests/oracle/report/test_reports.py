"""Reports in other formats: nothing is lost, nothing is decided differently, and any text survives."""

import io
import json
import os
import re
import sys
from html.parser import HTMLParser
from math import inf
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from sessa_ref import reference
from sessa_ref.oracle import Report, Result, battery, report, verify
from sessa_ref.oracle.checks import CHECKS
from sessa_ref.oracle.report import files, to_html, to_junit
from sessa_ref.oracle.report.console import print_report
from sessa_ref.oracle.report.results import Diagnosis, Status

SCHEMA = json.loads((Path(report.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
RESULTS = [
    Result("small", "float64", "forward", Status.PASSED, 0.125),
    Result("small", "float64", "gradients", Status.FAILED, 31.5, "dx[0, 1] off by 31.5 bounds"),
    Result("small", "float64", "decode", Status.SKIPPED, None, "no prefill and decode_step"),
    Result("small", "float32", "forward", Status.DEPARTED, 7.0, "float32 rotary angles: y[0] off"),
    Result("large", "float64", "forward", Status.ERRORED, None, "ZeroDivisionError: division by zero"),
    Result("large", "float64", "NaN isolation", Status.FAILED, inf, "y[0] off by inf bounds", required=False),
    Result("large", "float32", "forward", Status.PASSED, 0.0),
    Result("large", "float32", "NaN isolation", Status.ERRORED, None, "it raised", required=False),
]
REPORT = Report("my <layer>", RESULTS, {"dtypes": ["float64", "float32"], "machine": "x86 & more"})
LENGTHS = {"small": 0, "large": 100}


class Reference:
    """The reference as an implementation; it may fail at single tokens."""

    name = "reference"

    def __init__(self, works):
        self.works = works

    def build(self, parameters, dtype):
        works = self.works

        class Layer:
            def forward(self, x):
                if x.shape[1] == 1 and not works:
                    raise RuntimeError("a single <token>")
                return reference.forward(parameters, x).astype(dtype)

        return Layer()


@pytest.mark.parametrize("width", [1, 80, 120])
def test_no_number_of_the_table_is_cut_off(width):
    results = [Result("case", "float64", check, Status.PASSED, 0.01 * i) for i, check in enumerate(CHECKS)]
    stream = io.StringIO()
    print_report(Console(file=stream, width=width), Report("implementation", results, {}))
    (row,) = (line.split() for line in stream.getvalue().splitlines() if line.startswith("  case  ") and "0." in line)
    assert row == ["case", "float64", *(f"{0.01 * i:.2f}" for i in range(len(CHECKS)))]


def test_only_checks_that_were_made_have_a_column():
    stream = io.StringIO()
    print_report(Console(file=stream, width=80), REPORT)
    heading = next(line for line in stream.getvalue().splitlines() if "dtype" in line)
    assert heading.split() == ["case", "dtype", "forward", "gradients", "decode", "NaN", "isolation"]


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


@pytest.mark.parametrize("works", [True, False])
def test_real_reports_validate(works):
    report = verify(Reference(works), ["float64"], [case for case in battery() if case.name == "one_token"])
    assert report.conforms is works
    jsonschema.validate(json.loads(report.to_json()), SCHEMA)


def test_all_kinds_of_results_validate():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    diagnosis = [Diagnosis("half_split", "explains 1 of 2 failing checks: pairs", 1, 2)]
    report = Report("layer", RESULTS, {}, diagnosis, ["the first wrong quantity is q_rotated"])
    jsonschema.validate(json.loads(report.to_json()), SCHEMA)


def bent(change):
    content = json.loads(REPORT.to_json())
    content["diagnosis"] = [{"name": "fault", "text": "it explains", "explained": 1, "failed": 2}]
    jsonschema.validate(content, SCHEMA)
    change(content)
    return content


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.pop("verdict"),
        lambda c: c.update(verdict="fine"),
        lambda c: c.update(report_version=1),
        lambda c: c.update(comment=""),
        lambda c: c.pop("skipped"),
        lambda c: c.update(skipped={"decode": 0}),
        lambda c: c["results"][0].update(ratio=-1),
        lambda c: c["results"][0].update(ratio="NaN"),
        lambda c: c["results"][0].update(status="PASSED"),
        lambda c: c["results"][0].pop("message"),
        lambda c: c["results"][0].update(required=1),
        lambda c: c["diagnosis"][0].update(explained=1.5),
        lambda c: c["diagnosis"][0].pop("text"),
    ],
)
def test_bent_reports_do_not_validate(change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bent(change), SCHEMA)


class Page(HTMLParser):
    """Collects what a page holds, and insists that tags are closed in order."""

    VOID = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.rows, self.references, self.text = [], [], [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.references += [v for k, v in attrs if k in ("href", "xlink:href", "src")]
        self.references += re.findall(r"url\(([^)]*)\)", " ".join(v or "" for v in attributes.values()))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append((attributes.get("class"), ""))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            style, text = self.rows[-1][-1]
            self.rows[-1][-1] = (style, text + data)


@pytest.fixture(scope="module")
def page():
    pytest.importorskip("matplotlib")
    return to_html(REPORT, LENGTHS)


def test_the_page_loads_nothing(page):
    parsed = Page(page)
    assert all(reference.startswith("#") for reference in parsed.references)
    assert {reference[1:] for reference in parsed.references} <= set(parsed.ids)
    assert len(set(parsed.ids)) == len(parsed.ids), "two figures share an id"
    assert "<script" not in page
    assert "http" not in page
    assert "@import" not in page


def test_the_page_shows_everything(page):
    parsed = Page(page)
    assert "my <layer>" in parsed.text
    assert "does not conform" in parsed.text
    assert "8 checks: 2 passed, 1 departed, 2 failed, 2 errored, 1 skipped" in parsed.text
    for result in RESULTS:
        assert result.message in parsed.text
    assert [("about", "dtypes")[1], "float64, float32"] in [[text for _, text in row] for row in parsed.rows]
    cells = {cell for row in parsed.rows for cell in row}
    assert {("passed", "0.12"), ("failed", "✗ 31.50"), ("departed", "≈ 7.00"), ("errored", "⚠ errored")} <= cells
    assert {("departed", "! ∞"), ("skipped", "– skipped")} <= cells
    assert page.count("<svg") == 2
    assert "Diagnosis" not in page


def test_infinite_ratios_are_marked_in_the_figures_only_where_there_are_some(page):
    finite = [result for result in RESULTS if result.ratio != inf]

    def marked(text):
        return ["∞" in figure for figure in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]

    assert marked(page) == [True, True]
    assert marked(to_html(Report("layer", finite, {}), LENGTHS)) == [False, False]


def test_the_diagnosis_is_shown():
    pytest.importorskip("matplotlib")
    diagnosis = [Diagnosis("half_split", "explains 1 of 2 failing checks: pairs <r, r + d/2>", 1, 2)]
    text = Page(to_html(Report("layer", RESULTS, {}, diagnosis, ["wrong from q_rotated on"]))).text
    assert "half_split: explains 1 of 2 failing checks: pairs <r, r + d/2>" in text
    assert "wrong from q_rotated on" in text


@pytest.mark.parametrize("results", [[], RESULTS[2:3], RESULTS[5:6], RESULTS[6:7]])
@pytest.mark.parametrize("lengths", [None, {"other": 3}, LENGTHS])
def test_pages_of_odd_reports(results, lengths):
    pytest.importorskip("matplotlib")
    text = to_html(Report("layer", results, {}), lengths)
    Page(text)
    assert text.count("<svg") == (2 if results and lengths is LENGTHS else 1)


def test_many_precisions_and_unknown_checks():
    pytest.importorskip("matplotlib")
    results = [
        Result("case", f"float{n}", f"check {c}", Status.PASSED, 10.0 ** -(c + n)) for n in range(5) for c in range(8)
    ]
    parsed = Page(to_html(Report("layer", results, {}), {"case": 1031}))
    assert "check 7" in parsed.text


def test_equal_reports_give_equal_pages(page):
    assert to_html(REPORT, LENGTHS) == page


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match=r'need matplotlib: pip install "sessa-ref\[report\]"'):
        to_html(REPORT, LENGTHS)


def test_what_was_skipped_is_told_in_every_format(page):
    assert REPORT.remark == "1 of 8 checks was skipped: decode (1)"
    content = json.loads(REPORT.to_json())
    assert content["skipped"] == {"decode": 1}
    assert content["checks"] == 8
    assert "1 of 8 checks was skipped: decode (1)" in Page(page).text
    properties = {p.get("name"): p.get("value") for p in ElementTree.fromstring(to_junit(REPORT)).iter("property")}
    assert properties["remark"] == REPORT.remark


def test_an_incomplete_report_is_no_verdict_in_any_format():
    pytest.importorskip("matplotlib")
    report = Report("layer", RESULTS[:1], {}, incomplete="No space left on device")
    assert not report.conforms
    assert report.verdict == "is not judged"
    jsonschema.validate(json.loads(report.to_json()), SCHEMA)
    root = ElementTree.fromstring(to_junit(report))
    (error,) = root.iter("error")
    assert error.get("message") == "the run ended early: No space left on device"
    assert root.get("errors") == "1"
    text = Page(to_html(report)).text
    assert "is not judged" in text
    assert "No space left on device" in text


class TestFiles:
    """Files are tried before, leave no trace then, and are written independently of each other."""

    def test_a_trial_leaves_nothing(self, tmp_path):
        kept = tmp_path / "kept.json"
        kept.write_bytes(b"kept")
        files.try_out({"json": kept, "junit": tmp_path / "new.xml", "html": tmp_path / "new.html"})
        assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
        assert kept.read_bytes() == b"kept"

    @pytest.mark.parametrize(
        ("name", "error", "message"),
        [
            ("absent/r.json", FileNotFoundError, r"there is no folder .*absent to write r\.json into"),
            ("file/r.json", OSError, "Not a directory"),
            (".", IsADirectoryError, "is a folder, expected a file to write"),
            ("n" * 300, OSError, "File name too long"),
            ("loop", OSError, "Too many levels of symbolic links"),
            ("dangling", FileNotFoundError, r"there is no folder .*nowhere to write r\.json into"),
        ],
    )
    def test_what_cannot_be_written_is_known_before(self, tmp_path, name, error, message):
        (tmp_path / "file").write_text("")
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "r.json")
        with pytest.raises(error, match=message):
            files.try_out({"json": tmp_path / name})

    def test_two_reports_need_two_files(self, tmp_path):
        (tmp_path / "link").symlink_to(tmp_path / "r")
        with pytest.raises(ValueError, match="must go into different files"):
            files.try_out({"json": tmp_path / "r", "junit": tmp_path / "link"})

    def test_nor_two_names_of_one(self, tmp_path):
        (tmp_path / "a").write_text("")
        (tmp_path / "b").hardlink_to(tmp_path / "a")
        with pytest.raises(ValueError, match="must go into different files"):
            files.try_out({"json": tmp_path / "a", "junit": tmp_path / "b"})

    @pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="needs /dev/fd")
    def test_devices_and_pipes_are_files(self):
        files.try_out({"json": Path("/dev/null")})
        ends = os.pipe()
        try:
            files.try_out({"json": Path(f"/dev/fd/{ends[1]}")})  # as the shell's >(program) has it
        finally:
            for end in ends:
                os.close(end)

    def test_one_that_fails_keeps_none_from_being_written(self, tmp_path, monkeypatch):
        def broken(report, lengths):
            raise RuntimeError("no\nbackend")

        monkeypatch.setattr(files, "to_html", broken)
        paths = {"html": tmp_path / "r.html", "json": tmp_path / "r.json", "junit": tmp_path / "absent" / "r.xml"}
        outcome = dict(files.write(REPORT, paths, {}))
        assert outcome[paths["html"]] == "RuntimeError: no backend"
        assert outcome[paths["json"]] == ""
        assert outcome[paths["junit"]] == f"No such file or directory: {paths['junit']}"
        assert json.loads(paths["json"].read_text(encoding="utf-8"))["target"] == "my <layer>"

    def test_files_are_utf8_with_line_feeds(self, tmp_path):
        report = Report("\u2260", [Result("c", "float64", "forward", Status.PASSED, 0.5, "\u03b3")], {})
        paths = {"junit": tmp_path / "r.xml", "html": tmp_path / "r.html"}
        assert set(dict(files.write(report, paths, {})).values()) == {""}
        for path in paths.values():
            assert "\u2260" in path.read_bytes().decode("utf-8")
            assert b"\r" not in path.read_bytes()
