"""The oracle checks every method first; a method that computes something else is not timed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.methods import Method
from benchmarks.plain_attention import attention_error_ratio
from sessa_ref.oracle.cases.battery import battery
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.implementation.protocol import TargetError
from sessa_ref.oracle.implementation.runners import InProcessImplementation
from sessa_ref.oracle.implementation.torch_adapter import TorchAdapter
from sessa_ref.oracle.report.results import Status
from sessa_ref.oracle.run import verify


@dataclass(frozen=True)
class Admission:
    """Whether a method may be timed."""

    method: str
    admitted: bool
    verdict: str
    """The oracle's verdict, with the worst failure where there is one."""


def admit(
    method: Method,
    dtype: str,
    cases: Sequence[Case] | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Admission:
    """Check a method with the oracle in the dtype that is timed; the baseline against its own definition.

    Args:
        method: what is to be timed.
        dtype: name of the precision.
        cases: `admission_cases()` by default.
        progress: called with a line of text before each case.
    """
    if not method.is_sessa:
        ratio = attention_error_ratio(method.layer)
        verdict = f"{ratio:.2f} of the rounding bound from plain causal attention, in float64"
        return Admission(method.name, ratio <= 1, verdict)
    implementation = InProcessImplementation(method.name, TorchAdapter(method.name, method.layer))
    try:
        cases = admission_cases() if cases is None else cases
        report = verify(implementation, [dtype], cases, progress=progress, explain=False)
    except TargetError as error:
        return Admission(method.name, False, f"cannot be run: {error}")
    bad = [r for r in report.results if r.required and r.status in (Status.FAILED, Status.ERRORED)]
    if not bad:
        return Admission(method.name, report.conforms, str(report.verdict))
    worst = max(bad, key=lambda result: float("inf") if result.ratio is None else result.ratio)
    return Admission(
        method.name, False, f"{report.verdict}: {len(bad)} checks, {worst.check} on {worst.case}: {worst.message}"
    )


def admission_cases() -> list[Case]:
    """The quick battery, and the cases of more than 256 tokens, which reach beyond one block of a blocked solve."""
    return [case for case in battery() if case.quick or case.x.shape[1] > 256]
