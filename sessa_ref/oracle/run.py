"""Run an implementation through the battery."""

import platform
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np

import sessa_ref
from sessa_ref.config import SessaConfig
from sessa_ref.messages import reason
from sessa_ref.oracle.bounds.expectation import CERTIFIED, CERTIFIED_WORK, DRAWS, EXTENDED, SAFETY_FACTOR
from sessa_ref.oracle.bounds.preparation import prepared
from sessa_ref.oracle.cases.battery import BATTERY_VERSION, battery
from sessa_ref.oracle.cases.case import Case, case
from sessa_ref.oracle.checks import CHECKS, Observation, run_checks
from sessa_ref.oracle.comparison import naming_the_departure
from sessa_ref.oracle.explain.diagnosis import diagnose
from sessa_ref.oracle.explain.first_wrong_value import locate
from sessa_ref.oracle.explain.tensor_cores import is_switched_on
from sessa_ref.oracle.implementation.asked_once import AskedOnce
from sessa_ref.oracle.implementation.protocol import (
    Adapter,
    Implementation,
    ImplementationError,
    TargetError,
    UnsupportedError,
    describe,
)
from sessa_ref.oracle.implementation.protocol import about as about_implementation
from sessa_ref.oracle.implementation.runners import InProcessImplementation
from sessa_ref.oracle.levels import LAYER, Level
from sessa_ref.oracle.report.known_failures import KnownFailure, expecting
from sessa_ref.oracle.report.results import Diagnosis, Report, Result, Status, never_checked
from sessa_ref.precision import PRECISIONS, STANDARD_DTYPES

_SMALL_DEPARTURE = 100.0


class IncompleteError(Exception):
    """The run stopped early without a verdict; `report` holds what was done until then."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.incomplete)
        self.report = report


@np.errstate(all="ignore")  # the caller or the implementation may have changed the settings
def verify(
    implementation: Implementation | Adapter,
    dtypes: Iterable[str] = STANDARD_DTYPES,
    cases: Iterable[Case] | None = None,
    progress: Callable[[str], None] = lambda step: None,
    processes: int = 0,
    explain: bool = True,
    require: Iterable[str] = (),
    known_failures: Sequence[KnownFailure] = (),
) -> Report:
    """Check an implementation on every case in every precision.

    Args:
        implementation: the implementation under test; an adapter runs in this process.
        dtypes: precisions to check, by name: see `PRECISIONS`.
        cases: the battery by default.
        progress: called with a line of text before each case and precision.
        processes: further processes to compute the true values in; 0 for none. The caller's main module must
            then be importable, as for every use of `multiprocessing`.
        explain: whether to search for the mistake and the place of a failure.
        require: names of `CHECKS` that count as errors where the implementation declines them, and that decide the
            verdict even if they are findings otherwise.
        known_failures: what is expected to fail, which then decides nothing.

    Raises:
        TypeError: the implementation is neither.
        TargetError: the implementation cannot be run at all.
        IncompleteError: the oracle itself failed during the run, for example because the disk is full.
        ValueError: a dtype or a required check is unknown.
    """
    dtypes, require, cases = list(dtypes), list(require), list(battery() if cases is None else cases)
    for argument, given, known in (("dtypes", dtypes, PRECISIONS), ("require", require, CHECKS)):
        if any(name not in known for name in given) or (argument == "dtypes" and not dtypes):
            raise ValueError(f"{argument} must be some of {list(known)}, got {given}")
    if isinstance(implementation, Adapter):
        implementation = InProcessImplementation(
            getattr(implementation, "name", type(implementation).__name__), implementation
        )
    if not isinstance(implementation, Implementation):
        raise TypeError(
            f"implementation must be an Adapter or an Implementation, got {describe(implementation)}; "
            "sessa_ref.testing.assert_conforms takes layers, classes and functions"
        )
    level = cases[0].level if cases else LAYER
    about = _about(level, dtypes, require)
    progress("smoke test")
    observations = [Observation(result) for result in smoke(implementation, dtypes, _smoke_config(cases, level), level)]
    usable = [dtype for dtype in dtypes if dtype not in {o.result.dtype for o in observations}]
    try:
        with closing(prepared(cases, usable, processes)) as expectations:
            for expectation in expectations:
                progress(f"{expectation.case.name}, {expectation.dtype}")
                observations.extend(run_checks(implementation, expectation, require))
    except Exception as error:  # any error: there is no verdict, but the results so far are kept
        results = [naming_the_departure(observation.result) for observation in observations]
        about |= about_implementation(implementation)
        raise IncompleteError(Report(implementation.name, results, about, incomplete=reason(error))) from error
    about |= about_implementation(implementation)
    observations = _without_false_departures(observations)
    results = [naming_the_departure(observation.result) for observation in observations]
    results += never_checked(results, dtypes, require)
    diagnosis, location = _explanation(implementation, observations, progress) if explain else ([], [])
    return expecting(Report(implementation.name, results, about, diagnosis, location), known_failures)


def _explanation(
    implementation: Implementation, observations: Sequence[Observation], progress: Callable[[str], None]
) -> tuple[list[Diagnosis], list[str]]:
    """The diagnosis and the location. If the search for them fails, the verdict stays as it is."""
    progress("diagnosis")
    implementation = AskedOnce(implementation)
    diagnosis: list[Diagnosis] = []
    try:
        diagnosis = diagnose(observations, implementation, progress)
        return diagnosis, [*_of_tf32(implementation, observations, diagnosis), *locate(implementation, observations)]
    except Exception as error:
        return diagnosis, [f"unknown; the search for it failed: {reason(error)}"]


def _of_tf32(
    implementation: Implementation, observations: Sequence[Observation], diagnosis: Sequence[Diagnosis]
) -> list[str]:
    """A word on TF32 where it is switched on and something failed in float32 that it does not explain."""
    failed = any(o.result.dtype == "float32" and o.result.status is Status.FAILED for o in observations)
    explained = any(one.name == "ProductsInTfloat32" for one in diagnosis)
    if explained or not failed or not is_switched_on(implementation):
        return []
    return [
        "TF32 is switched on, which does not explain all of it; switch it off, so that its errors do not hide others"
    ]


def _about(level: Level, dtypes: Sequence[str], require: Sequence[str]) -> dict[str, Any]:
    return {
        "sessa_ref": sessa_ref.__version__,
        "level": level.name,
        "battery_version": BATTERY_VERSION,
        "dtypes": list(dtypes),
        "required checks": list(require),
        "bound": f"{SAFETY_FACTOR:g} spreads of {DRAWS} Monte Carlo draws",
        "true values of float64": _arithmetic(level),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def _arithmetic(level: Level) -> str:
    finer = "extended precision" if EXTENDED else "float64"
    if level != LAYER:
        return finer
    return f"ball arithmetic up to {CERTIFIED} tokens and {CERTIFIED_WORK} tokens times parameters, {finer} beyond"


def _smoke_config(cases: Sequence[Case], level: Level) -> SessaConfig:
    """The config of the smoke test. If all cases share a config, it is that one: no other may be supported."""
    configs = {case.parameters.config for case in cases}
    return configs.pop() if len(configs) == 1 else level.plain_config


def smoke(
    implementation: Implementation, dtypes: Sequence[str], config: SessaConfig, level: Level = LAYER
) -> list[Result]:
    """Tell a broken adapter from a wrong layer: one errored result per precision that does not run at all.

    Raises:
        TargetError: the implementation runs in none of the precisions.
    """
    small, output = case("smoke", "does it run", config, T=3).at(level), level.output
    results = []
    for dtype in dtypes:
        try:
            y = implementation.run("forward", small.rounded(dtype), dtype).get(output)
            if y is None:
                raise ImplementationError(f"there is no {output} in its answer")
            if y.shape != small.dy.shape:
                raise ImplementationError(f"{output} has shape {y.shape}, expected {small.dy.shape}")
        except ImplementationError as error:
            results.append(Result("smoke", dtype, "forward", Status.ERRORED, None, str(error)))
        except UnsupportedError as error:
            message = f"forward cannot be declined: {error}"
            results.append(Result("smoke", dtype, "forward", Status.ERRORED, None, message))
    if len(results) == len(dtypes):
        raise TargetError(
            f"the smoke test failed (three tokens, width {config.width}, heads {config.heads}): {results[0].message}"
        )
    return results


def _without_false_departures(observations: list[Observation]) -> list[Observation]:
    """Departures that are all small are failures: float32 angles go beyond the bounds by orders of magnitude."""
    departed = [o.result.ratio or 0.0 for o in observations if o.result.status is Status.DEPARTED]
    if not departed or max(departed) > _SMALL_DEPARTURE:
        return observations
    return [
        o._replace(result=replace(o.result, status=Status.FAILED)) if o.result.status is Status.DEPARTED else o
        for o in observations
    ]
