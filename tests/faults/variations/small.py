"""Small layers that variations are tried on, and how far apart outputs are there, in rounding errors."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from sessa_ref.config import SessaConfig
from sessa_ref.faults.variations import graph
from sessa_ref.faults.variations.graph import Changes, Run
from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.cases.case import Case, case
from sessa_ref.parameters import SessaParameters

HEADS = case(
    "small heads", "two heads share a key head", SessaConfig.published(8, 2, 1), T=9, gamma_bias=1.5, input_scale=2.0
)
NO_NORM = case(
    "small without norm", "no norm, no rotation, no biases",
    SessaConfig(width=6, heads=3, norm="identity", rope=False, projection_bias=False), T=7, gamma_bias=-0.5,
)  # fmt: skip

STEP = 1e-30
"""Of complex steps: its square is beneath all rounding, so that the derivative is exact but for rounding."""


@cache
def right(layer: Case) -> Run:
    """The layer without changes."""
    return graph.advance(layer.parameters, layer.x, {})


@cache
def bounds(layer: Case) -> np.ndarray:
    """What rounding may do to the outputs, by Monte Carlo arithmetic."""
    return expectations(layer, ("float64",))["float64"].bounds("y")


def output(layer: Case, changes: Changes) -> np.ndarray:
    """The output with these changes; not finite where it overflows, or where a matrix that is solved is singular."""
    with np.errstate(all="ignore"):
        try:
            return graph.forward(layer.parameters, layer.x, changes, right(layer))
        except np.linalg.LinAlgError:
            return np.full_like(layer.x, np.nan)


def apart(layer: Case, y: np.ndarray, other: np.ndarray | None = None) -> float:
    """The largest distance from the right output, or from another one, in bounds; what is not finite is far."""
    with np.errstate(invalid="ignore"):
        distance = np.abs(y - (right(layer).values["y"] if other is None else other)) / bounds(layer)
    return float(np.max(np.nan_to_num(distance, nan=np.inf)))


def spread_of(layer: Case, spread: str) -> list[float]:
    """Quantiles of a value, of which families make further starts: "name:size", or "name:value"."""
    name, _, how = spread.partition(":")
    values = np.real(right(layer).values[name]).ravel()
    return [
        float(q)
        for q in np.quantile(np.abs(values) if how == "size" else values, (0.99, 0.9, 0.7, 0.5, 0.3, 0.1, 0.01))
    ]


class Moved(SessaParameters):
    """Parameters with imaginary parts."""

    def __init__(self, parameters: SessaParameters, direction: Mapping[str, np.ndarray]) -> None:
        self.config = parameters.config
        self._arrays = {name: np.asarray(a + 1j * STEP * direction.get(name, 0 * a)) for name, a in parameters.items()}


def direction_for(layer: Case, seed: int = 0) -> dict[str, Any]:
    """A random direction of the input, "x", and of every parameter."""
    generator = np.random.default_rng(seed)
    arrays = {"x": layer.x, **layer.parameters}
    return {name: generator.normal(size=a.shape) for name, a in arrays.items()}


def moved(layer: Case, direction: Mapping[str, Any], changes: Changes) -> np.ndarray:
    """The output of complex numbers: its imaginary part is STEP times the derivative along the direction."""
    x = layer.x + 1j * STEP * direction.get("x", 0 * layer.x)
    with np.errstate(all="ignore"):
        return graph.forward(Moved(layer.parameters, direction), x, changes)


def slope(layer: Case, direction: Mapping[str, Any], changes: Changes) -> float:
    """The derivative of <dy, y> along the direction."""
    return float(np.sum(layer.dy * np.imag(moved(layer, direction, changes)))) / STEP


def assert_derivative(layer: Case, changes: Changes, name: str) -> None:
    """Complex numbers carry the derivative of what real ones give: against central differences.

    With steps h of 1e-6 these are wrong by h^2 times a third derivative and by u/h = 1e-10 times the output; 1e-5 leaves
    room for third derivatives up to 1e7 and outputs up to 1e5 times the slope. A lost term is a share of the slope.
    """
    direction, h = direction_for(layer), 1e-6
    parameters = [
        layer.parameters.replace({n: a + s * direction[n] for n, a in layer.parameters.items()}) for s in (h, -h)
    ]
    with np.errstate(all="ignore"):
        try:
            above, below = (
                graph.forward(p, layer.x + s * direction["x"], changes)
                for p, s in zip(parameters, (h, -h), strict=True)
            )
        except np.linalg.LinAlgError:
            return
    differences = (above - below) / (2 * h)
    if np.all(np.isfinite(differences)):
        slopes = np.imag(moved(layer, direction, changes)) / STEP
        assert np.max(np.abs(slopes - differences)) <= 1e-5 * np.max(np.abs(differences)), name
