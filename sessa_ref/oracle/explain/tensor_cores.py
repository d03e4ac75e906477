"""Whether the errors of a float32 layer are those of products in TF32, whose factors have eleven bits."""

from collections.abc import Sequence

import numpy as np

from sessa_ref.oracle.bounds.expectation import SAFETY_FACTOR, evaluate, mean_squares, pooled
from sessa_ref.oracle.bounds.rounding import rounded
from sessa_ref.oracle.cases.case import Case
from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.probes import size_of
from sessa_ref.oracle.implementation.protocol import MAYBE_TF32, Implementation, Values, about
from sessa_ref.oracle.report.results import Diagnosis
from sessa_ref.reference import Formulas

TF32 = 2.0**-10
"""How much smaller a factor may become, where its other bits are cut off; rounding to nearest changes half as much."""

SMALLEST, TYPICAL, LARGEST = 0.1 / SAFETY_FACTOR, 1 / 8, 0.3
"""The least and largest median of the errors that TF32 makes, in bounds, and the largest error. A spread is a bound's
sixteenth: medians of two spreads and single errors of five are all that TF32 has room for; bfloat16 makes larger ones."""


def is_switched_on(implementation: Implementation | None) -> bool:
    """Whether the implementation runs where torch may compute products of float32 in TF32: on no CPU we know of."""
    told = about(implementation)
    return MAYBE_TF32 in told.get("settings", "") and not told.get("device", "cpu").startswith("cpu")


def products_in_tf32(failed: Sequence[Observation], switched_on: bool) -> Diagnosis | None:
    """The diagnosis that products are in TF32, where the errors are as large as that makes them, and all in float32.

    Args:
        failed: what failed.
        switched_on: whether TF32 is known to be on; otherwise the errors should be known to be rounding.
    """
    if not failed or any(o.result.dtype != "float32" or o.expectation is None for o in failed):
        return None
    outputs = [value for o in failed for name, value in _values(o).items() if not name.startswith(("d", "grad."))]
    if outputs and all(np.array_equal(value, value.astype(np.float16)) for value in outputs):
        return None  # the whole layer computes in float16
    ratios, spreads = [], {}
    for observation in sorted(failed, key=size_of):
        case = observation.expectation.unrounded if observation.expectation else None
        if case is not None and id(case) not in spreads:
            spreads[id(case)] = spread_in_tf32(case)
        ratios.append(_ratio(observation, spreads[id(case)]))
        if not ratios[-1] <= LARGEST:
            return None
    if not SMALLEST <= np.median(ratios) <= TYPICAL:
        return None
    start = f"{'explains' if switched_on else 'may explain'} all {len(failed)} failing checks: "
    text = "the errors are as large as products in TF32 make them"
    text += ", which is switched on" if switched_on else "; it is not known to be switched on, but a kernel may use it"
    return Diagnosis("ProductsInTfloat32", start + text, len(failed), len(failed))


def _values(observation: Observation) -> Values:
    return {} if observation.comparison is None else observation.comparison.values


def _ratio(observation: Observation, spread: Values) -> float:
    """The largest error in units of what rounding and products in TF32 may do."""
    expectation, worst = observation.expectation, 0.0
    assert expectation is not None
    for name, value in _values(observation).items():
        true = expectation.true.get(name)
        if true is None or value.shape != true.shape:
            return np.inf
        error = np.abs(value.astype(true.dtype) - true) / (expectation.bounds(name) + SAFETY_FACTOR * spread[name])
        worst = float(np.maximum(worst, np.max(error, initial=0.0)))  # NaN stays NaN
    return worst


def spread_in_tf32(case: Case) -> Values:
    """Root mean square deviation of every element where all factors of products are cut off at random."""

    def draw(generator: np.random.Generator, formulas: Formulas) -> Values:
        x, dy = (rounded(array, 0.0, generator, factor_unit=TF32) for array in (case.x, case.dy))
        return evaluate(case, x, dy, formulas)

    return {name: np.sqrt(pooled(name, squares)) for name, squares in mean_squares(case, draw).items()}
