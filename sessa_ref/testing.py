"""For the tests of other projects: `assert_conforms(MyLayer)` in pytest."""

from collections.abc import Sequence
from typing import Any

from sessa_ref.oracle import Report, battery, verify
from sessa_ref.oracle.precision import STANDARD_DTYPES
from sessa_ref.oracle.targets import as_adapter, load_target
from sessa_ref.oracle.verdict import Status


def assert_conforms(
    implementation: Any, dtypes: Sequence[str] = STANDARD_DTYPES, quick: bool = True, departures: bool = True
) -> Report:
    """Assert that an implementation of the layer conforms; it runs in this process.

    Args:
        implementation: a torch module class with the published constructor or an instance of one, a function
            that takes a `SessaConfig` and returns a torch module, an object or class with the adapter
            protocol (`sessa_ref.oracle.Adapter`), or a target string such as "package.module:Layer".
        dtypes: precisions to check.
        quick: run the quick battery instead of the full one.
        departures: accept known departures, such as float32 rotary angles in a float64 layer.

    Returns:
        The report, for further assertions.

    Raises:
        AssertionError: it does not conform; the message says what failed, where, and, where the oracle can tell,
            which mistake was made.
        TargetError: it cannot be run at all.
    """
    if isinstance(implementation, str):
        adapter = load_target(implementation)
    else:
        looks_like_module = hasattr(implementation, "named_parameters") and not isinstance(implementation, type)
        target = type(implementation) if looks_like_module else implementation
        adapter = as_adapter(target, getattr(target, "__name__", type(target).__name__))
    report = verify(adapter, dtypes, battery(quick))
    bad = {Status.FAILED, Status.ERRORED} | (set() if departures else {Status.DEPARTED})
    wrong = [r for r in report.results if r.required and r.status in bad]
    lines = [f"{r.status} {r.check} on {r.case} in {r.dtype}: {r.message}" for r in wrong[:10]]
    lines += [f"... and {len(wrong) - 10} more"] if len(wrong) > 10 else []
    lines += [f"where: {sentence}" for sentence in report.location]
    lines += [f"diagnosis: {diagnosis}" for diagnosis in report.diagnosis]
    assert report.conforms and not wrong, "\n".join([f"{report.target} {report.verdict}", *lines])  # noqa: PT018
    return report
