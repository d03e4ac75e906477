"""Which gradients are wrong, and how, where the output is right."""

from collections.abc import Iterator, Sequence

import numpy as np

from sessa_ref.oracle.checks import Observation
from sessa_ref.oracle.explain.experiments import smallest
from sessa_ref.oracle.explain.gradient_paths import values_behind
from sessa_ref.oracle.explain.lower_precision import gradients_round_at_random
from sessa_ref.oracle.implementation.protocol import Implementation
from sessa_ref.precision import PRECISIONS


def wrong_gradients(
    observations: Sequence[Observation], implementation: Implementation | None
) -> Iterator[tuple[str, str]]:
    """Which gradients are wrong, and how, where the output is right."""
    if any(o.comparison is not None for o in observations if o.result.check == "forward"):
        return
    wrong = [o for o in observations if o.result.check == "gradients" and o.comparison is not None]
    behind = _behind(wrong)
    if 0 < _relative_error(wrong) < 0.05 and gradients_round_at_random(implementation, wrong):
        size = _relative_error(wrong)
        units = {lower: PRECISIONS[lower].unit_roundoff for lower in ("float32", "float16", "bfloat16")}
        lower = next((lower for lower, unit in units.items() if size <= 2 * unit), "bfloat16")
        coarser = "" if lower == "bfloat16" else " or to a lower precision"
        yield (
            "BackwardLosesPrecision",
            f"the errors change at random where everything moves a little, and are {size:.1g} of the gradients, as "
            f"rounding to {lower}{coarser} may make them{behind}",
        )
        return
    described = [d for d in (_gradient_fact(o) for o in wrong if o.expectation is not None and o.comparison) if d]
    if described:
        common = max(set(described), key=described.count)
        yield "WrongGradients", common + behind


def _relative_error(wrong: Sequence[Observation]) -> float:
    """The median over wrong gradients of their error, relative to the gradient; in root mean square."""
    sizes = []
    for o in wrong:
        if o.expectation is None or o.comparison is None:
            continue
        for name in o.expectation.gradients:
            value, true = o.comparison.values.get(name), o.expectation.true[name]
            if value is not None and value.shape == true.shape:
                length = float(np.linalg.norm(true.astype(np.float64)))
                if length and np.max(o.expectation.error_ratios(name, value), initial=0.0) > 1:
                    sizes.append(float(np.linalg.norm(value.astype(np.float64) - true)) / length)
    return float(np.median(sizes)) if sizes else 0.0


def _behind(wrong: Sequence[Observation]) -> str:
    """The values through which the wrong gradients flow back and no others do, on the smallest failing case."""
    probe = smallest(wrong, "gradients")
    if probe is None or probe.expectation is None or probe.comparison is None:
        return ""
    names = {
        name
        for name, true in probe.expectation.true.items()
        if name != probe.expectation.output
        and (value := probe.comparison.values.get(name)) is not None
        and (value.shape != true.shape or np.max(probe.expectation.error_ratios(name, value), initial=0.0) > 1)
    }
    try:
        values = values_behind(probe.expectation, names)
    except (ArithmeticError, ValueError, IndexError, TypeError, KeyError, np.linalg.LinAlgError):
        return ""
    if not values or len(names) == len(probe.expectation.true) - 1:
        return ""
    return f"; on {probe.result.case}, the wrong ones are just those that flow back through {' or '.join(values)}"


def _gradient_fact(observation: Observation) -> str:
    expectation, comparison = observation.expectation, observation.comparison
    if expectation is None or comparison is None:
        return ""
    facts: dict[str, str] = {}
    for name, true in expectation.true.items():
        value = comparison.values.get(name)
        if name == expectation.output or value is None:
            continue
        if value.shape != true.shape:
            facts[name] = "has another shape"
        elif np.max(expectation.error_ratios(name, value), initial=0.0) > 1:
            facts[name] = _compared(np.asarray(value, np.float64), np.asarray(true, np.float64))
    if not facts:
        return ""
    whole = len(facts) == len(expectation.true) - 1
    hows = set(facts.values())
    if len(hows) == 1 and all(hows):
        how = next(iter(hows))
        return f"every gradient {how}" if whole else f"the gradient of {_listed(facts)} {how}"
    if whole:
        return ""
    return f"only those of {_listed(facts)} are"


def _compared(value: np.ndarray, true: np.ndarray) -> str:
    """How a gradient differs from the right one, in words that follow "the gradient"; empty where no words fit."""
    if not np.all(np.isfinite(value)):
        return "is not finite"
    if not np.any(value):
        return "is zero"
    factor = float(np.sum(value * true) / np.sum(true * true))
    if np.allclose(value, factor * true, rtol=1e-6, atol=1e-9 * float(np.max(np.abs(true)))):
        return f"is {factor:.4g} times the right one"
    if value.ndim == 2 and value.shape[0] == value.shape[1] and np.allclose(value, true.T, rtol=1e-6, atol=1e-9):
        return "is transposed"
    limit = float(np.max(np.abs(value)))
    if np.allclose(value, np.clip(true, -limit, limit), rtol=1e-6, atol=1e-9):
        return f"is cut off at +-{limit:.4g}"
    return ""


def _listed(names: dict[str, str]) -> str:
    plain = [name.removeprefix("grad.") if name.startswith("grad.") else name[1:] for name in names]
    return ", ".join(plain[:4]) + (f" and {len(plain) - 4} more" if len(plain) > 4 else "")
