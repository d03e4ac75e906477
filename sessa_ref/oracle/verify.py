"""Run a candidate through the battery."""

import platform
from collections.abc import Callable, Sequence

import numpy as np

import sessa_ref
from sessa_ref.oracle.candidate import Candidate
from sessa_ref.oracle.cases import BATTERY_VERSION, Case, battery
from sessa_ref.oracle.checks import run_checks
from sessa_ref.oracle.expectation import DRAWS, EXTENDED, GROWTH, Expectation
from sessa_ref.oracle.precision import PRECISIONS, STANDARD_DTYPES
from sessa_ref.oracle.verdict import Report, Result


def verify(
    candidate: Candidate,
    dtypes: Sequence[str] = STANDARD_DTYPES,
    cases: Sequence[Case] | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Report:
    """Check a candidate on every case in every precision.

    Args:
        candidate: the implementation under test.
        dtypes: precisions to check, by name: see `PRECISIONS`.
        cases: the battery by default.
        progress: called with a line of text before each case and precision.

    Raises:
        TargetError: the candidate cannot be built at all.
        ValueError: a dtype is unknown.
    """
    unknown = [dtype for dtype in dtypes if dtype not in PRECISIONS]
    if unknown or not dtypes:
        raise ValueError(f"dtypes must be some of {list(PRECISIONS)}, got {list(dtypes)}")
    results: list[Result] = []
    for case in battery() if cases is None else cases:
        for dtype in dtypes:
            progress(f"{case.name}, {dtype}")
            results.extend(run_checks(candidate, Expectation(case, dtype)))
    about = {
        "sessa_ref": sessa_ref.__version__,
        "battery_version": BATTERY_VERSION,
        "dtypes": list(dtypes),
        "bound": f"{GROWTH:g} spreads of {DRAWS} Monte Carlo draws",
        "true values of float64": "extended precision" if EXTENDED else "float64",
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    return Report(candidate.name, results, about)
