"""Which value of the layer the wrong gradients flow back through: they depend on its gradient, the others do not."""

import numpy as np

from sessa_ref import reference
from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Changes
from sessa_ref.faults.variations.places import PLACES
from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.explain.agreement import STEP, with_imaginary


def values_behind(expectation: Expectation, wrong: set[str]) -> list[str]:
    """The values, in words, on which the gradients of these names ("dx", "grad.ln.weight") depend and no others do."""
    names = [name for name in expectation.true if name != "y"]
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
    smaller = {name: array / 4 for name, array in case.parameters.items()}  # so that nothing saturates
    found: dict[str, set[str]] = {}
    for name in ("dx", *(f"grad.{n}" for n in case.parameters)):
        moving = {n: STEP * (f"grad.{n}" == name) + 0 * a for n, a in smaller.items()}
        parameters = with_imaginary(case.parameters.replace(smaller), moving)
        run = graph.advance(parameters, case.x + 1j * STEP * (name == "dx") * case.x, {})
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
    case, step = expectation.case, STEP * _direction(expectation, name)
    moving = {n: step if f"grad.{n}" == name else np.zeros_like(a) for n, a in case.parameters.items()}
    x = case.x + 1j * (step if name == "dx" else 0)
    parameters = with_imaginary(case.parameters, moving)
    y = graph.forward(parameters, x, changes) if changes else reference.forward(parameters, x)
    return float(np.sum(case.dy * np.imag(y))) / STEP
