"""Results of checks, and the verdict over all of them."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

REPORT_VERSION = 1
"""Version of the JSON report."""


class Status(StrEnum):
    """Outcome of one check."""

    PASSED = "passed"
    DEPARTED = "departed"
    """Outside the bound, but within a known and tolerated departure."""
    FAILED = "failed"
    ERRORED = "errored"
    """The candidate raised an error."""
    SKIPPED = "skipped"
    """The candidate lacks an optional part."""


class Verdict(StrEnum):
    """Outcome of a whole run."""

    CONFORMS = "conforms"
    CONFORMS_WITH_DEPARTURES = "conforms with departures"
    DOES_NOT_CONFORM = "does not conform"


@dataclass(frozen=True)
class Result:
    """One check of one case in one precision."""

    case: str
    dtype: str
    check: str
    status: Status
    ratio: float | None
    """Largest error/bound; infinite for NaN or a wrong shape; None where there is nothing to measure."""
    message: str = ""
    required: bool = True
    """False for findings on robustness, which never decide the verdict."""


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that explains failed checks."""

    name: str
    """Name of a fault of the catalogue; `sessa-ref explain NAME` says more."""
    text: str
    """What it explains and what it is, in a sentence."""
    explained: int
    """Failed forward, decode and gradient checks that it explains, with those named beside it."""
    failed: int
    """How many there are in the precision that was looked at."""

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


@dataclass(frozen=True)
class Report:
    """Everything a run found."""

    target: str
    results: Sequence[Result]
    about: dict[str, Any]
    """Versions and settings of the run."""
    diagnosis: Sequence[Diagnosis] = ()
    """What was done wrong, as far as the catalogue of faults tells."""
    location: Sequence[str] = ()
    """Where results begin to be wrong: sentences."""

    @property
    def verdict(self) -> Verdict:
        """Failed and errored required checks decide; departures are named, skipped parts do not count."""
        statuses = {result.status for result in self.results if result.required}
        if statuses & {Status.FAILED, Status.ERRORED} or not statuses & {Status.PASSED, Status.DEPARTED}:
            return Verdict.DOES_NOT_CONFORM
        return Verdict.CONFORMS_WITH_DEPARTURES if Status.DEPARTED in statuses else Verdict.CONFORMS

    @property
    def conforms(self) -> bool:
        """Whether the verdict is favourable, departures or not."""
        return self.verdict is not Verdict.DOES_NOT_CONFORM

    def to_json(self) -> dict[str, Any]:
        """The report as JSON-ready data; infinite ratios are the string "inf"."""
        results = [asdict(result) for result in self.results]
        for result in results:
            if result["ratio"] is not None and not math.isfinite(result["ratio"]):
                result["ratio"] = "inf"
        return {
            "report_version": REPORT_VERSION,
            "target": self.target,
            "verdict": self.verdict,
            "about": self.about,
            "diagnosis": [asdict(diagnosis) for diagnosis in self.diagnosis],
            "location": list(self.location),
            "results": results,
        }
