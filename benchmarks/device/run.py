"""One run on a device: first the solve is checked in each precision, then all methods are timed, short lengths first."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import torch
from torch import Tensor

from benchmarks.device.correctness import admission_cases, admit
from benchmarks.device.machine import describe
from benchmarks.device.measure import measure
from benchmarks.device.methods import HEAD, Method, gradients, methods
from benchmarks.device.precision import precisions
from benchmarks.device.results import Results, Row
from sessa_ref.messages import reason
from sessa_ref.optimized import feedback_solve
from sessa_ref.oracle.cases.case import Case


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    device: torch.device
    lengths: tuple[int, ...] = (4096, 32768, 131072)
    widths: tuple[int, ...] = (512, 1024)
    repetitions: int = 3
    budget: float = 0.5
    """Seconds for which a short call is repeated."""
    limit: float = 400.0
    """Seconds from the start of the run after which nothing more is measured."""

    def __post_init__(self) -> None:
        if list(self.lengths) != sorted(set(self.lengths)) or min(self.lengths, default=0) < 2:
            raise ValueError(f"--lengths must be increasing numbers of at least 2 tokens, got {list(self.lengths)}")
        if any(D < 1 or D % min(D, HEAD) for D in self.widths):
            raise ValueError(f"--width must be at most {HEAD}, or a multiple of it, got {list(self.widths)}")


def run(plan: Plan, say: Callable[[str], None], cases: list[Case] | None = None) -> Results:
    """Check, then measure.

    Args:
        plan: what to measure.
        say: called with a line of text before each step.
        cases: for the oracle; `admission_cases()` by default.
    """
    started, device = time.perf_counter(), plan.device
    cases = admission_cases() if cases is None else cases
    chosen, deltaformer = methods()
    admissions, rows = {}, []
    wanted = precisions(device)
    for name, precision in wanted.items():
        text = f"{name}: is the solve right?"
        admissions[name] = admit(
            precision, device, plan.lengths[0], plan.widths[0], cases, lambda c, t=text: say(f"{t} {c}")
        )
    for T, D, name, backward, method in product(plan.lengths, plan.widths, wanted, (False, True), chosen):
        if not admissions[name].admitted and method.run is feedback_solve:
            continue
        row = Row(T, D, name, backward, method.name)
        if time.perf_counter() - started > plan.limit:
            rows.append(replace(row, status="over time"))
            continue
        say(f"{method.name}, {name}, T = {T:,}, D = {D}, {'both passes' if backward else 'forward'}")
        with wanted[name].on():
            rows.append(_measured(row, method, wanted[name].dtype, plan))
    return Results(describe(device), admissions, deltaformer, rows)


def _measured(row: Row, method: Method, dtype: torch.dtype, plan: Plan) -> Row:
    """The row with its numbers, or with the reason why there are none: a peer's kernel may raise whatever it likes."""
    try:
        inputs = method.inputs(row.T, row.D, dtype, plan.device)
        ds = inputs[3].flip(-2)
        call = partial(gradients, method, inputs, ds) if row.backward else partial(_forward, method, inputs)
        seconds, peak = measure(call, plan.device, plan.repetitions, plan.budget)
    except torch.OutOfMemoryError:
        return replace(row, status="over memory")
    except Exception as error:
        return replace(row, status="failed", message=reason(error))
    return replace(row, seconds=seconds, peak_bytes=peak)


@torch.no_grad()
def _forward(method: Method, inputs: list[Tensor]) -> Tensor:
    return method.run(*inputs)
