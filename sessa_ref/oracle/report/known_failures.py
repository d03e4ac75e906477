"""Failures that are known and expected, from a file with one line for each check.

    gradients  kernel_200  float32   the backward kernel misses the last partial block
    forward    kernel_*    *         a pattern stands for several cases, or for every precision

The check comes first, its spaces as hyphens (NaN-isolation), then the case, the precision and the reason. Empty lines
and lines that begin with # are ignored.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from sessa_ref.oracle.report.results import Report, Result, Status

_FAILURES = (Status.FAILED, Status.ERRORED)


@dataclass(frozen=True)
class KnownFailure:
    """One line of the file."""

    check: str
    case: str
    dtype: str
    reason: str

    def matches(self, result: Result) -> bool:
        """Whether the line is about a result."""
        check = result.check.replace(" ", "-")
        return all(map(fnmatchcase, (check, result.case, result.dtype), (self.check, self.case, self.dtype)))

    def __str__(self) -> str:
        return f"{self.check} {self.case} {self.dtype}"


def read_known_failures(path: str | os.PathLike[str]) -> list[KnownFailure]:
    """The failures that a file expects.

    Raises:
        ValueError: the file cannot be read, or a line has fewer than four words.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the known failures cannot be read from {path}: {error}") from None
    known = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        words = line.split(maxsplit=3)
        if len(words) < 4:
            raise ValueError(f"{path}, line {number}: expected CHECK CASE DTYPE REASON, got {line.strip()!r}")
        known.append(KnownFailure(*words))
    return known


def expecting(report: Report, known: Sequence[KnownFailure]) -> Report:
    """The report in which known failures are expected ones; `Report.now_passing` lists lines that are out of date."""
    results = [_expected(result, known) for result in report.results]
    outdated = []
    for line in known:
        about = [result for result in results if line.matches(result)]
        if not about:
            outdated.append(f"{line} (it was not run)")
        elif all(result.status in (Status.PASSED, Status.DEPARTED) for result in about):
            outdated.append(f"{line} (it passes)")
    return replace(report, results=results, now_passing=outdated)


def _expected(result: Result, known: Sequence[KnownFailure]) -> Result:
    if result.status not in _FAILURES or not result.required:
        return result
    reason = next((line.reason for line in known if line.matches(result)), None)
    if reason is None:
        return result
    return replace(result, status=Status.EXPECTED, message=f"{reason} ({result.message})")
