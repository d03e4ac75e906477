"""Run a candidate through the battery."""

import multiprocessing
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np

import sessa_ref
from sessa_ref.config import SessaConfig
from sessa_ref.oracle.battery import BATTERY_VERSION, battery
from sessa_ref.oracle.candidate import Adapter, Candidate, CandidateError, TargetError
from sessa_ref.oracle.cases import Case, case
from sessa_ref.oracle.checks import DEPARTURE, Observation, run_checks
from sessa_ref.oracle.diagnosis import diagnose
from sessa_ref.oracle.expectation import CERTIFIED, DRAWS, EXTENDED, GROWTH, Expectation, expectations
from sessa_ref.oracle.location import locate
from sessa_ref.oracle.precision import PRECISIONS, STANDARD_DTYPES
from sessa_ref.oracle.runners import InProcessCandidate
from sessa_ref.oracle.verdict import Report, Result, Status

_SMALL_DEPARTURE = 100.0


def verify(
    candidate: Candidate | Adapter,
    dtypes: Sequence[str] = STANDARD_DTYPES,
    cases: Sequence[Case] | None = None,
    progress: Callable[[str], None] = lambda step: None,
    processes: int = 0,
    explain: bool = True,
) -> Report:
    """Check a candidate on every case in every precision.

    Args:
        candidate: the implementation under test; an adapter runs in this process.
        dtypes: precisions to check, by name: see `PRECISIONS`.
        cases: the battery by default.
        progress: called with a line of text before each case and precision.
        processes: further processes to compute the true values in; 0 for none. The caller's main module must
            then be importable, as for every use of `multiprocessing`.
        explain: whether to search for the mistake and the place of a failure.

    Raises:
        TargetError: the candidate cannot be run at all.
        ValueError: a dtype is unknown.
    """
    unknown = [dtype for dtype in dtypes if dtype not in PRECISIONS]
    if unknown or not dtypes:
        raise ValueError(f"dtypes must be some of {list(PRECISIONS)}, got {list(dtypes)}")
    if isinstance(candidate, Adapter):
        candidate = InProcessCandidate(getattr(candidate, "name", type(candidate).__name__), candidate)
    progress("smoke test")
    observations = [Observation(result) for result in smoke(candidate, dtypes)]
    usable = [dtype for dtype in dtypes if dtype not in {o.result.dtype for o in observations}]
    for expectation in _prepared(battery() if cases is None else cases, usable, processes):
        progress(f"{expectation.case.name}, {expectation.dtype}")
        observations.extend(run_checks(candidate, expectation))
    observations = _without_false_departures(observations)
    about = {
        "sessa_ref": sessa_ref.__version__,
        "battery_version": BATTERY_VERSION,
        "dtypes": list(dtypes),
        "bound": f"{GROWTH:g} spreads of {DRAWS} Monte Carlo draws",
        "true values of float64": f"ball arithmetic up to {CERTIFIED} tokens, "
        f"{'extended precision' if EXTENDED else 'float64'} beyond",
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    if explain:
        progress("diagnosis")
    return Report(
        candidate.name,
        [observation.result for observation in observations],
        about,
        diagnose(observations, candidate, progress) if explain else (),
        locate(candidate, observations) if explain else (),
    )


def smoke(candidate: Candidate, dtypes: Sequence[str]) -> list[Result]:
    """Tell a broken adapter from a wrong layer: one errored result per precision that does not run at all.

    Raises:
        TargetError: the candidate runs in none of the precisions.
    """
    small = case("smoke", "does it run", SessaConfig.published(8, 2), T=3)
    results = []
    for dtype in dtypes:
        try:
            y = candidate.run("forward", small.rounded(dtype), dtype).get("y")
            if y is None:
                raise CandidateError("there is no y in its answer")
            if y.shape != small.x.shape:
                raise CandidateError(f"y has shape {y.shape}, expected {small.x.shape}")
        except CandidateError as error:
            results.append(Result("smoke", dtype, "forward", Status.ERRORED, None, str(error)))
    if len(results) == len(dtypes):
        raise TargetError(f"the smoke test failed (three tokens, width 8, two heads): {results[0].message}")
    return results


def _without_false_departures(observations: list[Observation]) -> list[Observation]:
    """Departures that are all small are failures: float32 angles go beyond the bounds by orders of magnitude."""
    departed = [o.result.ratio or 0.0 for o in observations if o.result.status is Status.DEPARTED]
    if not departed or max(departed) > _SMALL_DEPARTURE:
        return observations
    return [
        o._replace(result=replace(o.result, status=Status.FAILED, message=o.result.message.removeprefix(DEPARTURE)))
        if o.result.status is Status.DEPARTED
        else o
        for o in observations
    ]


def _prepared(cases: Sequence[Case], dtypes: Sequence[str], processes: int) -> Iterator[Expectation]:
    jobs = [(case, tuple(dtype for dtype in dtypes if dtype in case.dtypes)) for case in cases]
    if processes <= 0:
        for case, wanted in jobs:
            yield from expectations(case, wanted).values()
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read by the new processes: one thread each
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        try:
            for ready in pool.map(expectations, *zip(*jobs, strict=True)):
                yield from ready.values()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
