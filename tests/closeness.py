"""Comparisons whose tolerance is the rounding analysis of the case itself."""

import numpy as np

from sessa_ref.oracle.bounds.expectation import Expectation


def worst_ratio(expectation: Expectation, values: dict[str, np.ndarray]) -> tuple[float, str]:
    """The largest error/bound against the true values, and the quantity it belongs to."""
    ratios = [
        float(np.max(expectation.error_ratios(name, np.asarray(value)), initial=0.0)) for name, value in values.items()
    ]
    worst = int(np.argmax(ratios))  # NaN is the largest; for Python's own maximum it need not be
    return ratios[worst], list(values)[worst]


def assert_within_bounds(expectation: Expectation, values: dict[str, np.ndarray]) -> None:
    for name, value in values.items():
        assert np.shape(value) == expectation.true[name].shape, name
    ratio, name = worst_ratio(expectation, values)
    assert ratio <= 1, f"{name} is off by {ratio:.3g} bounds"


def as_values(y, dx, gradients) -> dict[str, np.ndarray]:
    return {"y": y, "dx": dx} | {f"grad.{name}": gradient for name, gradient in gradients.items()}
