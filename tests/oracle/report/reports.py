"""A report with results of every kind, and a reader of its page."""

import json
import re
from html.parser import HTMLParser
from math import inf
from pathlib import Path

from sessa_ref.oracle import Report, Result, report
from sessa_ref.oracle.report.results import Status

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
