"""Whether the errors are rounding errors of a lower precision, and of which."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sessa_ref.oracle.bounds.expectation import SAFETY_FACTOR, Expectation
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.experiments import FAILURES, output, smallest
from sessa_ref.oracle.implementation.protocol import Implementation
from sessa_ref.oracle.report.results import Diagnosis
from sessa_ref.precision import PRECISIONS

EVERYWHERE = 0.9
"""Share of an output that is wrong where all of a layer computes in a lower precision. Less is the work of a part."""


def rounds_at_random(implementation: Implementation | None, failed: Sequence[Observation]) -> bool:
    """Whether the errors change at random where everything moves by a few roundings of a lower precision.

    A mistake in a formula makes nearly the same errors for nearly the same numbers. Rounding does not.
    """
    probe = smallest(failed, "forward") or smallest(failed, "decode")
    if implementation is None or probe is None or probe.expectation is None or probe.comparison is None:
        return False
    expected, dtype, operation = probe.expectation, probe.result.dtype, probe.result.check
    case = replace(expected.case, split=probe.comparison.split) if operation == "decode" else expected.case
    size = max(
        float(np.max(expected.error_ratios(expected.output, v)))
        if (v := probe.comparison.values.get(expected.output)) is not None and v.shape == case.dy.shape
        else 0.0,
        1.0,
    )
    unit = min(
        64 * PRECISIONS[dtype].unit_roundoff * size, 2.0**-6
    )  # one part may round much more coarsely than all errs
    errors = []
    for number in range(2):
        moved = _jittered(case, unit, number).rounded(dtype)
        y = output(implementation, moved, dtype, operation)
        if y is None or y.shape != moved.dy.shape:
            return False
        true = Expectation(moved, dtype, expected.spread).true[expected.output]
        errors.append(y.astype(np.float64) - true.astype(np.float64))
    return _point_elsewhere(*(error.ravel() for error in errors))


def gradients_round_at_random(implementation: Implementation | None, failed: Sequence[Observation]) -> bool:
    """The same for gradients, with errors in units of their bounds."""
    probe = smallest(failed, "gradients")
    if implementation is None or probe is None or probe.expectation is None or probe.comparison is None:
        return False
    case, dtype, expected = probe.expectation.case, probe.result.dtype, probe.expectation
    names = expected.gradients
    unit = min(64 * PRECISIONS[dtype].unit_roundoff * max(probe.comparison.ratio, 1.0), 2.0**-6)
    errors = []
    for number in range(2):
        moved = _jittered(case, unit, number).rounded(dtype)
        try:
            values = implementation.run("vjp", moved, dtype)
        except FAILURES:
            return False
        true = Expectation(moved, dtype, expected.spread).true
        if any(n not in values or values[n].shape != true[n].shape for n in names):
            return False
        parts = [(values[n].astype(np.float64) - true[n].astype(np.float64)) / expected.bounds(n) for n in names]
        errors.append(np.concatenate([part.ravel() for part in parts]))
    return _point_elsewhere(*errors)


def _point_elsewhere(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether the angle between two vectors of errors is large."""
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return bool(np.isfinite(length) and length > 0 and abs(float(first @ second)) / length < 0.9)


def _jittered(case: Case, unit: float, seed: int) -> Case:
    generator = np.random.default_rng(seed)

    def moved(array: np.ndarray) -> np.ndarray:
        return np.asarray(array * (1 + unit * generator.uniform(-1, 1, size=array.shape)))

    parameters = {name: moved(array) for name, array in case.parameters.items()}
    return replace(case.with_parameters(parameters), x=moved(case.x))


def lower_precision(failed: Sequence[Observation], rounding: bool, unsure: bool) -> Diagnosis | None:
    """Whether the errors are as large as a lower precision makes them.

    Args:
        failed: what failed, in one precision for each check.
        rounding: whether the errors are known to be rounding.
        unsure: whether that could not be tried; the diagnosis then says "may".
    """
    if not rounding and not unsure:
        return None
    number = len(failed)
    decoding = all(o.result.check == "decode" for o in failed)
    everywhere = all(_share_wrong(o) >= EVERYWHERE for o in failed if o.result.check == "forward" or decoding)
    for lower in ("float32", "float16", "bfloat16") if everywhere else ():
        ratios = _in_units_of(failed, lower)
        if ratios and max(ratios) <= 1 and np.median(ratios) >= 0.1 / SAFETY_FACTOR:
            name = f"{'Decodes' if decoding else 'Computes'}{lower.capitalize()}"
            verb, doing = "may explain" if unsure else "explains", "decoding" if decoding else "computing"
            text = f"{verb} all {number} failing checks: the errors are as large as {doing} in {lower} makes them"
            return Diagnosis(name, text, number, number)
    if not rounding:
        return None
    for lower in ("float32", "float16", "bfloat16"):
        ratios = _in_units_of(failed, lower)
        if ratios and np.median(ratios) <= 1:
            text = (
                f"the errors are those of rounding, not of a formula: part of {'decoding' if decoding else 'it'} computes in a lower precision, "
                f"as low as {lower} perhaps"
            )
            return Diagnosis("LosesPrecision", text, number, number)
    return None


def _share_wrong(observation: Observation) -> float:
    """The share of the output that rounding in the layer's own precision does not explain.

    Of decoding, the larger share of the prompt's outputs and of the later ones: one may be computed as it should.
    """
    expectation, comparison = observation.expectation, observation.comparison
    if expectation is None or comparison is None:
        return 1.0
    value = comparison.values.get(expectation.output)
    if value is None or not value.size or value.shape != expectation.true[expectation.output].shape:
        return 1.0
    wrong = expectation.error_ratios(expectation.output, value) > 1
    parts = np.split(wrong, [comparison.split], axis=1) if observation.result.check == "decode" else [wrong]
    return max(float(np.mean(part)) for part in parts if part.size)


def _in_units_of(failed: Sequence[Observation], lower: str) -> list[float]:
    """The largest errors of each failure, in bounds of a lower precision; none where that is not lower."""
    ratios = []
    for o in failed:
        if (
            o.expectation is None
            or o.comparison is None
            or PRECISIONS[o.result.dtype].unit_roundoff >= PRECISIONS[lower].unit_roundoff
        ):
            return []
        ratios.append(
            max((_scaled_error(o.expectation, n, v, lower) for n, v in o.comparison.values.items()), default=np.inf)
        )
    return ratios


def _scaled_error(expectation: Expectation, quantity: str, value: np.ndarray, lower: str) -> float:
    if quantity not in expectation.true or value.shape != expectation.true[quantity].shape:
        return np.inf
    scale = PRECISIONS[lower].unit_roundoff / PRECISIONS[expectation.dtype].unit_roundoff
    return float(np.max(expectation.error_ratios(quantity, value), initial=0.0)) / scale
