"""Reports follow their JSON schema, and the schema has teeth."""

import json

import jsonschema
import pytest

from sessa_ref import reference
from sessa_ref.oracle import Report, battery, verify
from sessa_ref.oracle.report.results import Diagnosis
from tests.oracle.report.reports import REPORT, RESULTS, SCHEMA


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
