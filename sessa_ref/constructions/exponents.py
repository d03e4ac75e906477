"""The exponent of a margin, fitted with its error."""

from typing import Any, NamedTuple

import numpy as np

from sessa_ref.notation import Array


class FittedExponent(NamedTuple):
    """margin about constant (1 + lag)^value."""

    value: float
    error: float
    """How far the values fitted from the first, second and fourth lag on spread, plus the last fit's standard error."""


def fit_exponent(margin: Array, order: float, target: int = 0, first: int = 16) -> FittedExponent:
    """Fit log margin = c + nu log y + c' y^-order + c''/y, y = 1 + target + lag, by least squares over lags from `first`.

    A margin of Theorem 12 is a sum of powers (1 + t)^(nu - n gamma) and (1 + t)^(nu - n), n = 0, 1, ...; the two largest
    corrections are fitted with it, their powers known, their sizes free. nu is not given.

    Args:
        margin: M(1), M(2), ..., positive.
        order: gamma.
        target: tau*.
        first: the first lag of the widest fit; the others begin at 2 and 4 times it.

    Raises:
        ValueError: there are too few lags, or a margin is not positive.
    """
    if len(margin) < 8 * first or not np.all(margin > 0):
        raise ValueError(f"a fit from lag {first} needs {8 * first} positive margins, got {len(margin)}")
    fits = [_fit(np.asarray(margin, dtype=np.float64), order, target, first * times) for times in (1, 2, 4)]
    values = [value for value, _ in fits]
    return FittedExponent(values[1], max(values) - min(values) + fits[-1][1])


def _fit(margin: Array, order: float, target: int, first: int) -> tuple[float, Any]:
    y = 1.0 + target + np.arange(first, len(margin) + 1)
    columns = np.stack([np.ones_like(y), np.log(y), y**-order, 1 / y], axis=1)
    logs = np.log(margin[first - 1 :])
    coefficients = np.linalg.lstsq(columns, logs, rcond=None)[0]
    spread = np.sum((columns @ coefficients - logs) ** 2) / (len(y) - columns.shape[1])
    return float(coefficients[1]), float(np.sqrt(spread * np.linalg.pinv(columns.T @ columns)[1, 1]))
