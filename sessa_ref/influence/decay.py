"""How fast an influence decays with the lag: local exponents, and fits of a power law and of an exponential.

Both fits are straight lines by least squares, the power law in (log lag, log influence), the exponential in
(lag, log influence). Their residuals are comparable, so the curve with the smaller `spread` fits better. A fit
describes the lags it was given and proves nothing beyond them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from sessa_ref.notation import Array


@dataclass(frozen=True)
class Fit:
    """A line through the logarithms of an influence."""

    rate: float
    """beta of constant * lag^(-beta), or lambda of constant * exp(-lambda lag)."""
    constant: float
    residuals: Float64[Array, " n"]
    """log of the influence minus log of the fitted curve, lag by lag."""

    @property
    def spread(self) -> float:
        """The root of the residuals' mean square: 0.01 means that the curve is off by about 1 %."""
        return float(np.sqrt(np.mean(self.residuals**2)))


class PowerLaw(Fit):
    """constant * lag^(-rate)."""

    def __call__(self, lags: Any) -> Float64[Array, "..."]:
        """The fitted influence at `lags`."""
        return self.constant * np.asarray(lags, dtype=np.float64) ** -self.rate


class Exponential(Fit):
    """constant * exp(-rate lag)."""

    def __call__(self, lags: Any) -> Float64[Array, "..."]:
        """The fitted influence at `lags`."""
        return self.constant * np.exp(-self.rate * np.asarray(lags, dtype=np.float64))


def local_exponent(lags: Any, influence: Any) -> Float64[Array, " n"]:
    """-d log(influence) / d log(lag) at each lag: beta everywhere for lag^(-beta), lambda lag for exp(-lambda lag).

    Slopes are second-order differences in the logarithms, one-sided at the two ends.

    Args:
        lags: at least two increasing positive lags, shape (n,).
        influence: a positive influence for each of them; take absolute values first where gains have both signs.

    Raises:
        ValueError: lags or influence do not meet these conditions.
        TypeError: one of them is a masked array.
    """
    lag, value = _checked(lags, influence)
    return -np.gradient(np.log(value), np.log(lag))


def fit_power_law(lags: Any, influence: Any) -> PowerLaw:
    """The power law constant * lag^(-rate) that is nearest in the logarithm; arguments as of `local_exponent`.

    Raises:
        ValueError, TypeError: as `local_exponent`.
    """
    lag, value = _checked(lags, influence)
    return PowerLaw(*_line(np.log(lag), np.log(value)))


def fit_exponential(lags: Any, influence: Any) -> Exponential:
    """The exponential constant * exp(-rate lag) that is nearest in the logarithm; arguments as of `local_exponent`.

    Raises:
        ValueError, TypeError: as `local_exponent`.
    """
    lag, value = _checked(lags, influence)
    return Exponential(*_line(lag, np.log(value)))


def _line(at: Float64[Array, " n"], values: Float64[Array, " n"]) -> tuple[float, float, Float64[Array, " n"]]:
    from scipy import stats  # takes half a second, and few who import this room fit anything

    centred = at - at.mean()  # so that residuals of large lags keep their digits
    line: Any = stats.linregress(centred, values)
    slope = float(line.slope)
    residuals = values - values.mean() - slope * centred
    return -slope, float(np.exp(values.mean() - slope * at.mean())), residuals


def _checked(lags: Any, influence: Any) -> tuple[Float64[Array, " n"], Float64[Array, " n"]]:
    for name, given in (("lags", lags), ("influence", influence)):
        if isinstance(given, np.ma.MaskedArray):
            raise TypeError(f"{name} must be a plain array, got a masked array, whose mask would be ignored")
    lag, value = np.asarray(lags, dtype=np.float64), np.asarray(influence, dtype=np.float64)
    if lag.ndim != 1 or lag.shape != value.shape or len(lag) < 2:
        raise ValueError(f"at least two lags with one influence each are needed, got shapes {lag.shape}, {value.shape}")
    if not (lag[0] > 0 and np.all(np.diff(lag) > 0) and np.isfinite(lag).all()):
        raise ValueError("lags must be positive and increasing")
    if not (np.all(value > 0) and np.isfinite(value).all()):
        raise ValueError("influence must be positive and finite at every lag; take absolute values, leave out zeros")
    return lag, value
