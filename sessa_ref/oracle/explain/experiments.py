"""Running the implementation again on a case that failed."""

from collections.abc import Sequence

import numpy as np

from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.implementation.protocol import Implementation, ImplementationError, TargetError, UnsupportedError

FAILURES = (ImplementationError, UnsupportedError, TargetError)
"""Errors by which an experiment ends without a result."""


def smallest(failed: Sequence[Observation], check: str) -> Observation | None:
    """The smallest failing case of a check, with more than four tokens if there is one."""
    usable = [o for o in failed if o.result.check == check and o.expectation is not None and o.comparison is not None]
    several = [o for o in usable if o.expectation is not None and o.expectation.case.x.shape[1] > 4]
    return min(several or usable, key=lambda o: o.expectation.case.x.size if o.expectation else 0, default=None)


def output(implementation: Implementation, case: Case, dtype: str, operation: str = "forward") -> np.ndarray | None:
    """The output that the implementation gives; None where it fails."""
    try:
        return implementation.run(operation, case, dtype).get(case.level.output)
    except FAILURES:
        return None


def differ(expectation: Expectation, first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two outputs differ by more than two correct ones may."""
    alike = ~np.isfinite(first) & ~np.isfinite(second)
    ratios = np.where(alike, 0.0, expectation.ratios(expectation.output, second, first))
    return bool(np.max(ratios, initial=0.0) > 2)
