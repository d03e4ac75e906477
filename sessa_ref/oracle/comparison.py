"""The one judge: computed values against true ones in units of the bound, and the status that follows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from sessa_ref.oracle.bounds.expectation import Expectation
from sessa_ref.oracle.implementation.protocol import Values
from sessa_ref.oracle.implementation.uses import Label, Labelled
from sessa_ref.oracle.report.results import Result, Status
from sessa_ref.precision import PRECISIONS

FLOAT32_ANGLES = 2.0**-24
"""Unit roundoff of float32 rotary angles, a known departure of float64 layers."""


@dataclass(frozen=True)
class Truth:
    """What values are compared with."""

    dtype: str
    """The precision that values are judged in."""
    true: Values
    """True values by quantity."""
    error_ratios: Callable[..., np.ndarray]
    """Called with a quantity, its value, and the unit roundoff that rotary angles are granted or None: |value - true| /
    bound for each element, infinite where the value is not finite."""

    @classmethod
    def of(cls, expectation: Expectation) -> "Truth":
        """True values and bounds of a case."""
        return cls(expectation.dtype, expectation.true, expectation.error_ratios)


class Problem(StrEnum):
    """Why values could not be compared."""

    MISSING = "missing"
    SHAPE = "shape"
    DTYPE = "dtype"
    INPUT_CHANGED = "input changed"


@dataclass(frozen=True)
class Comparison:
    """The worst element of some values, compared with the true ones."""

    ratio: float = 0.0
    """Largest error/bound."""
    tolerant: float = 0.0
    """The same where float32 rotary angles are granted."""
    message: str = ""
    problem: Problem | None = None
    values: Values = field(default_factory=dict)
    """What the implementation computed, by quantity, for the diagnosis."""
    wrong: Labelled = field(default_factory=dict)
    """The wrong arrays of a layer that was used in several ways."""
    split: int = 0
    """Tokens of the prefill, where the values were decoded."""
    compared: bool = False
    """Whether any number was compared: a ratio of 0 says nothing without."""

    def worse(self, other: "Comparison") -> "Comparison":
        """The worse of two comparisons."""
        worst = other if other.ratio > self.ratio else self
        tolerant, compared = max(self.tolerant, other.tolerant), self.compared or other.compared
        return replace(worst, tolerant=tolerant, compared=compared)

    @property
    def status(self) -> Status:
        """What it means for the check."""
        if self.ratio <= 1:
            return Status.PASSED
        return Status.DEPARTED if self.tolerant <= 1 else Status.FAILED

    @property
    def measured(self) -> float | None:
        """The ratio; None where nothing was measured."""
        return self.ratio if self.compared or self.ratio else None


def compare(truth: Truth, values: Values, quantities: Iterable[str]) -> Comparison:
    """The worst error/bound over all elements of some quantities, which must all be there."""
    worst = Comparison()
    for name in quantities:
        if name not in values:
            return replace(mismatch(f"{name} is missing", Problem.MISSING), values=values)
        worst = worst.worse(compare_one(truth, Label(name), values[name]))
    return replace(worst, values=values)


def compare_uses(truth: Truth, values: Mapping[Label, np.ndarray]) -> Comparison:
    """The same for a layer that was used in several ways. Gradients of unknown parameters are ignored."""
    worst, wrong = Comparison(), {}
    for label, value in values.items():
        if label.quantity in truth.true:
            comparison = compare_one(truth, label, value)
            worst = worst.worse(comparison)
            if comparison.ratio > 1:
                wrong[label] = np.array(value)  # a later call may overwrite it
    return replace(worst, wrong=wrong)


def compare_one(truth: Truth, label: Label, value: np.ndarray) -> Comparison:
    """The worst element of one array, which holds a quantity, or a part of it, in the precision that is judged."""
    true = truth.true[label.quantity]
    part = label.part(true.shape[1]) if label.use is not None and not label.is_gradient else ()
    problem = wrong_form(label, value, true[part].shape, PRECISIONS[truth.dtype].carrier)
    if problem:
        return problem
    if part:
        whole = true.astype(value.dtype)
        whole[part] = value
        value = whole
    comparison = worst_element(label, truth.error_ratios(label.quantity, value, None))
    if comparison.ratio > 1 and truth.dtype == "float64":
        tolerant = worst_element(label, truth.error_ratios(label.quantity, value, FLOAT32_ANGLES))
        return replace(comparison, tolerant=tolerant.ratio)
    return comparison


def wrong_form(label: Label, value: np.ndarray, shape: tuple[int, ...], dtype: str) -> Comparison | None:
    """The mismatch, if an array has another shape or dtype than expected."""
    if value.shape != shape:
        return mismatch(f"{label} has shape {value.shape}, expected {shape}", Problem.SHAPE)
    if value.dtype != dtype:
        return mismatch(f"{label} has dtype {value.dtype}, expected {dtype}", Problem.DTYPE)
    return None


def mismatch(message: str, problem: Problem) -> Comparison:
    """The result for values that cannot be compared: the ratio is infinite."""
    return Comparison(np.inf, np.inf, message, problem)


def worst_element(label: Label, ratios: np.ndarray) -> Comparison:
    """The largest of error/bound, and where it is."""
    if not ratios.size:
        return Comparison()
    where = np.unravel_index(np.argmax(ratios), ratios.shape)
    index = [int(i) for i in where] if where else ""
    ratio = float(ratios[where])
    return Comparison(ratio, ratio, f"{label}{index} off by {ratio:.3g} bounds", compared=True)


def naming_the_departure(result: Result) -> Result:
    """The result; if it departs, its message says from what."""
    if result.status is not Status.DEPARTED:
        return result
    return replace(result, message=f"float32 rotary angles: {result.message}")
