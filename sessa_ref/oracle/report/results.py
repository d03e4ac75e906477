"""Results of checks, and the verdict over all of them."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sessa_ref.messages import one_line

REPORT_VERSION = 2
"""Version of the JSON report."""


class Status(StrEnum):
    """Outcome of one check."""

    PASSED = "passed"
    DEPARTED = "departed"
    """Outside the bound, but within a known and tolerated departure."""
    FAILED = "failed"
    ERRORED = "errored"
    """The implementation raised an error, or declined what must be checked."""
    SKIPPED = "skipped"
    """The implementation declined an optional part."""
    EXPECTED = "expected"
    """It failed or errored, as a list of known failures says."""


class Verdict(StrEnum):
    """Outcome of a whole run."""

    CONFORMS = "conforms"
    CONFORMS_WITH_DEPARTURES = "conforms with departures"
    CONFORMS_BUT_FOR_KNOWN_FAILURES = "conforms but for known failures"
    DOES_NOT_CONFORM = "does not conform"
    INCOMPLETE = "is not judged"
    """The oracle itself failed before the end: no verdict."""


@dataclass(frozen=True)
class Result:
    """One check of one case in one precision."""

    case: str
    dtype: str
    check: str
    status: Status
    ratio: float | None
    """Largest error/bound; infinite for NaN or a wrong shape; None where there was nothing to measure."""
    message: str = ""
    """One printable line, whatever an implementation's error says."""
    required: bool = True
    """False for findings on robustness, which never decide the verdict."""

    def __post_init__(self) -> None:
        for name in ("case", "dtype", "check", "message"):
            object.__setattr__(self, name, one_line(getattr(self, name)))


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
    incomplete: str = ""
    """Why the run ended before its end; empty for a whole run."""
    now_passing: Sequence[str] = ()
    """Known failures that do not fail any more, or were not run."""
    unchecked: str = ""
    """The precisions that nobody asked for and that its device lacks; empty if none."""

    def __post_init__(self) -> None:
        for name in ("target", "incomplete", "unchecked"):
            object.__setattr__(self, name, one_line(getattr(self, name)))
        object.__setattr__(self, "now_passing", [one_line(sentence) for sentence in self.now_passing])
        object.__setattr__(self, "location", [one_line(sentence) for sentence in self.location])
        object.__setattr__(self, "about", {one_line(name): _printable(value) for name, value in self.about.items()})

    @property
    def verdict(self) -> Verdict:
        """Required checks that failed or errored decide. Known failures and departures are named. Skipped parts do not count.

        Nothing conforms unless the output of some token was compared.
        """
        if self.incomplete:
            return Verdict.INCOMPLETE
        statuses = {result.status for result in self.results if result.required}
        if statuses & {Status.FAILED, Status.ERRORED} or not any(map(is_compared_output, self.results)):
            return Verdict.DOES_NOT_CONFORM
        if Status.EXPECTED in statuses:
            return Verdict.CONFORMS_BUT_FOR_KNOWN_FAILURES
        return Verdict.CONFORMS_WITH_DEPARTURES if Status.DEPARTED in statuses else Verdict.CONFORMS

    @property
    def conforms(self) -> bool:
        """Whether the verdict is favourable, departures and known failures or not."""
        return self.verdict not in (Verdict.DOES_NOT_CONFORM, Verdict.INCOMPLETE)

    @property
    def skipped(self) -> dict[str, int]:
        """How often each check was skipped, where it was."""
        return dict(Counter(result.check for result in self.results if result.status is Status.SKIPPED))

    @property
    def remark(self) -> str:
        """Limits of the verdict: why it ended early, what was not checked, expected to fail, or skipped; may be empty."""
        remarks = [f"the run ended early: {self.incomplete}"] if self.incomplete else []
        if self.unchecked:
            remarks.append(f"not checked in {self.unchecked}")
        expected = sum(result.status is Status.EXPECTED for result in self.results)
        if expected:
            remarks.append(f"{expected} of {len(self.results)} checks failed as known")
        if self.now_passing:
            remarks.append(f"known failures that are none any more: {', '.join(self.now_passing)}")
        if self.skipped:
            number, total = sum(self.skipped.values()), len(self.results)
            by_check = ", ".join(f"{check} ({count})" for check, count in self.skipped.items())
            remarks.append(f"{number} of {total} checks {'was' if number == 1 else 'were'} skipped: {by_check}")
        return "; ".join(remarks)

    def to_json(self) -> str:
        """The report as JSON, which `report.schema.json` describes; infinite ratios are the string "inf"."""
        results = [asdict(result) for result in self.results]
        for result in results:
            if result["ratio"] is not None and not math.isfinite(result["ratio"]):
                result["ratio"] = "inf"
        content = {
            "report_version": REPORT_VERSION,
            "target": self.target,
            "verdict": self.verdict,
            "remark": self.remark,
            "checks": len(self.results),
            "skipped": self.skipped,
            "about": self.about,
            "diagnosis": [asdict(diagnosis) for diagnosis in self.diagnosis],
            "location": list(self.location),
            "now_passing": list(self.now_passing),
            "results": results,
        }
        return json.dumps(content, indent=2)


def is_compared_output(result: Result) -> bool:
    """Whether the output of at least one token was compared with the true one here."""
    return result.check == "forward" and result.ratio is not None


def never_checked(results: Sequence[Result], dtypes: Sequence[str], require: Sequence[str]) -> list[Result]:
    """An errored result for each precision without a compared output, and for each required check that never ran."""
    missing = []
    for dtype in dtypes:
        of_dtype = [result for result in results if result.dtype == dtype]
        rejected = any(r.required and r.status in (Status.FAILED, Status.ERRORED) for r in of_dtype)
        if not rejected and not any(map(is_compared_output, of_dtype)):
            missing.append(Result("every case", dtype, "forward", Status.ERRORED, None, "no output was ever compared"))
    for check in require:
        if all(result.status is Status.SKIPPED for result in results if result.check == check):
            message = "it is required, but was never checked"
            missing.append(Result("every case", "every precision", check, Status.ERRORED, None, message))
    return missing


def _printable(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_printable(part) for part in value]
    return one_line(value) if isinstance(value, str) else value
