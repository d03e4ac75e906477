"""Which value of the layer the wrong gradients flow back through: they depend on its gradient, the others do not."""

import numpy as np

from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Changes
from sessa_ref.faults.variations.places import PLACES
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.explain.agreement import STEP, slope


def values_behind(expectation: Expectation, wrong: set[str]) -> list[str]:
    """The values, in words, on which the gradients of these names ("dx", "grad.ln.weight") depend and no others do."""
    names = expectation.gradients
    whole = {name: _along(expectation, name, {}) for name in names}
    told = {name for name in names if abs(whole[name]) > _size(expectation, name)}
    found = []
    for place in PLACES:
        if "," in place.name or place.name in ("x", "residual"):
            continue
        cut: Changes = {place.name: lambda run, value: np.real(value)}
        if {n for n in told if abs(_along(expectation, n, cut) - whole[n]) > _size(expectation, n)} == wrong & told:
            found.append(place.phrase.rstrip(","))
    return found


def gradients_behind(case: Case) -> dict[str, set[str]]:
    """For every value of the layer the gradients that flow back through it ("dx", "grad.ln.weight")."""
    smaller = case.with_parameters({name: array / 4 for name, array in case.parameters.items()})  # nothing saturates
    found: dict[str, set[str]] = {}
    inputs = smaller.inputs()
    for name in inputs:
        # Of an input the direction is the input itself, of a parameter a constant.
        step = {
            n: 1j * STEP * (n == name) * (np.ones_like(a) if n.startswith("grad.") else a) for n, a in inputs.items()
        }
        moved = smaller.moved(step)
        run = graph.advance(moved.parameters, moved.x, {}, start=case.level.start)
        for value, array in run.values.items():
            if array is not None and np.any(np.imag(array)):
                found.setdefault(value, set()).add(name)
    return found


def _size(expectation: Expectation, name: str) -> float:
    return float(np.sum(expectation.bounds(name) * np.abs(_direction(expectation, name))))


def _direction(expectation: Expectation, name: str) -> np.ndarray:
    return np.random.default_rng(0).normal(size=expectation.true[name].shape)


def _along(expectation: Expectation, name: str, changes: Changes) -> float:
    """The derivative of <dy, y> where one quantity alone moves."""
    case, step = expectation.case, 1j * STEP * _direction(expectation, name)
    steps = {n: step if n == name else 0j * array for n, array in case.inputs().items()}
    return slope(case.moved(steps), changes)
