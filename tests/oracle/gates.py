"""The oracle's bounds beside two common gates, on right and wrong solves and layers: `python -m tests.oracle.gates`.

Every candidate computes the outputs and the gradients of the same cases, and each gate judges these numbers beside the
same true values, of float64. Wrong candidates are those whose outputs or gradients are wrong. Faults of decoding and of
repeated calls, which the other gates do not look for, are left out. The outcome goes to gates.json.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from sessa_ref.oracle import battery
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.cases.of_level import cases_of
from sessa_ref.oracle.checks import forward, gradients
from sessa_ref.oracle.implementation.asked_once import AskedOnce
from sessa_ref.oracle.implementation.protocol import ImplementationError, Values
from sessa_ref.oracle.implementation.runners import InProcessImplementation
from sessa_ref.oracle.implementation.targets import as_adapter, load_target
from sessa_ref.oracle.levels import SOLVE
from tests.oracle import mutants, solves
from tests.oracle.test_levels import NAMES as SOLVE_CASES
from tests.oracle.test_mutants import NAMES as LAYER_CASES

FOLDER = Path(__file__).parent
RECORD = FOLDER / "gates.json"
DTYPES = ("float32", "bfloat16")
NO_FUNCTIONS_OF_TENSORS = ("numpy_loop", "scipy_solve")
NATIVE = " in bfloat16"
"""Ends the names of solves that compute in bfloat16 throughout; the others compute in float32 and round s."""
HAVE_NATIVE = ("hops", "online")
"""Right solves that torch can run so."""
FAULTS_OF_USE = ("overwrites", "reuses_memory", "contiguous_only")
FLOORS = {"float32": 2e-5, "bfloat16": 2e-2}
"""`popcorn.bench.compare.FLOORS` of popcorn 0.1.1."""

Candidate = tuple[str, str, bool]
"""The group, "solves" or "layers", the name in it, and whether it is right."""


def oracle(expectation: Expectation, own: AskedOnce, reference: AskedOnce) -> bool:
    """The checks `forward` and `gradients`."""
    return all(check(own, expectation).ratio <= 1 for check in (forward, gradients))


def popcorn(expectation: Expectation, own: AskedOnce, reference: AskedOnce) -> bool:
    """An error at most twice that of a plain implementation in the same precision, or `FLOORS` times the largest value.

    As `popcorn.bench.model.Gauge` has it: the largest element counts, and a value below 1 counts as 1.
    """
    values, plain = _values(own, expectation), _values(reference, expectation)
    for name, true in expectation.true.items():
        true = true.astype(np.float64)
        error, budget = (_largest(each[name] - true) for each in (values, plain))
        if not error <= max(2 * budget, FLOORS[expectation.dtype] * max(1.0, _largest(true))):
            return False
    return True


def assert_close(expectation: Expectation, own: AskedOnce, reference: AskedOnce) -> bool:
    """`torch.testing.assert_close` with its default tolerances, beside the true values rounded to the precision."""
    values, dtype = _values(own, expectation), getattr(torch, expectation.dtype)
    try:
        for name, true in expectation.true.items():
            rounded = torch.from_numpy(true.astype(np.float64)).to(dtype)
            torch.testing.assert_close(torch.from_numpy(values[name]).to(dtype), rounded)
    except AssertionError:
        return False
    return True


GATES: dict[str, Callable[[Expectation, AskedOnce, AskedOnce], bool]] = {
    "oracle": oracle,
    "popcorn": popcorn,
    "assert_close": assert_close,
}


def candidates() -> list[Candidate]:
    """All right and wrong solves and layers."""
    right_solves = [name for name in solves.RIGHT if name not in NO_FUNCTIONS_OF_TENSORS]
    wrong_solves = [name for name in solves.WRONG if name not in FAULTS_OF_USE]
    from variants import VARIANTS  # type: ignore[import-not-found]

    right_layers = [name for name in VARIANTS if name != "Compiled"]
    wrong_layers = [*mutants.FORWARD, *mutants.GRADIENT]
    groups = {("solves", True): right_solves, ("solves", False): wrong_solves}
    groups |= {("layers", True): right_layers, ("layers", False): wrong_layers}
    groups["solves", True] += [name + NATIVE for name in HAVE_NATIVE]
    return [(group, name, right) for (group, right), names in groups.items() for name in names]


def judged(
    chosen: Iterable[Candidate], dtype: str, cases: Mapping[str, list[Case]]
) -> dict[Candidate, dict[str, bool]]:
    """Whether each gate accepts each candidate on all cases; without those that torch cannot run in this precision."""
    expectations = {
        group: [Expectation(case, dtype) for case in of_group if dtype in case.dtypes]
        for group, of_group in cases.items()
    }
    reference = {
        "solves": _runner("solves", "dense", dtype),
        "layers": _runner("layers", "Plain", dtype, "variants.py"),
    }
    outcome = {}
    for group, name, right in track(list(chosen), description=dtype):
        if name.endswith(NATIVE) and dtype != "bfloat16":
            continue
        file = "variants.py" if right else "mutants.py"
        accepted = dict.fromkeys(GATES, True)
        try:
            own = _runner(group, name, dtype, file)
            for expectation in expectations[group]:
                for gate, accepts in GATES.items():
                    accepted[gate] = accepted[gate] and accepts(expectation, own, reference[group])
        except ImplementationError as error:
            print(f"{group} {name} not in {dtype}: {str(error)[:100]}", file=sys.stderr)
            continue
        outcome[group, name, right] = accepted
    return outcome


def table(record: Mapping[str, Mapping[Candidate, Mapping[str, bool]]]) -> str:
    """How many wrong candidates each gate accepts, and how many right ones it rejects."""
    rows = ["| precision | candidates | | oracle | popcorn | assert_close |", "|---|---|---|---|---|---|"]
    for dtype, outcome in record.items():
        for group in ("solves", "layers"):
            for right, words in ((False, "wrong, accepted"), (True, "right, rejected")):
                some = [accepted for (g, _, r), accepted in outcome.items() if (g, r) == (group, right)]
                counts = [sum(accepted[gate] is not right for accepted in some) for gate in GATES]
                rows.append(f"| {dtype} | {len(some)} {group} | {words} | {' | '.join(map(str, counts))} |")
    return "\n".join(rows)


def main() -> None:
    """Judge all candidates, write the record and print the table."""
    cases = {
        "solves": [case for case in cases_of(SOLVE) if case.name in SOLVE_CASES],
        "layers": [case for case in battery() if case.name in LAYER_CASES],
    }
    record = {dtype: judged(candidates(), dtype, cases) for dtype in DTYPES}
    written = {
        "command": "python -m tests.oracle.gates",
        "table": table(record).splitlines(),
        "torch": torch.__version__,
        "popcorn": "0.1.1, its rule and its floors",
        "cases": {group: [case.name for case in some] for group, some in cases.items()},
        "mistakes": {
            dtype: {
                gate: [
                    f"{name} ({'rejected' if right else 'accepted'})"
                    for (_, name, right), a in o.items()
                    if a[gate] is not right
                ]
                for gate in GATES
            }
            for dtype, o in record.items()
        },
    }
    RECORD.write_text(json.dumps(written, indent=1) + "\n")
    print(*written["table"], sep="\n")


def _runner(group: str, name: str, dtype: str, file: str = "") -> AskedOnce:
    if group == "layers":
        return AskedOnce(InProcessImplementation(name, load_target(f"{FOLDER / file}:{name}")))
    function = getattr(solves, name.removesuffix(NATIVE))

    def as_kernels_do(*arrays: torch.Tensor) -> torch.Tensor:
        """In half precision: a float32 computation between rounded inputs and outputs."""
        return function(*(array.float() for array in arrays)).to(arrays[0].dtype)

    chosen = as_kernels_do if dtype == "bfloat16" and not name.endswith(NATIVE) else function
    return AskedOnce(InProcessImplementation(name, as_adapter(chosen, name, SOLVE)))


def _values(implementation: AskedOnce, expectation: Expectation) -> Values:
    return {
        **implementation.run("forward", expectation.case, expectation.dtype),
        **implementation.run("vjp", expectation.case, expectation.dtype),
    }


def _largest(values: np.ndarray) -> float:
    largest = float(np.max(np.abs(values), initial=0.0))
    return largest if np.isfinite(largest) else np.inf


if __name__ == "__main__":
    main()
