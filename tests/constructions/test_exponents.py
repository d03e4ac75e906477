import numpy as np
import pytest

from sessa_ref.constructions.exponents import fit_exponent
from tests.rounding import LIBRARY, roundings


def test_the_exponent_is_found():
    t = 1.0 + np.arange(1, 513)
    fitted = fit_exponent(3 * t**-0.25 * (1 + 2 * t**-0.5 + t**-1.0), 0.5)
    assert abs(fitted.value + 0.25) <= 2 * fitted.error < 0.05


def test_a_wrong_exponent_is_not():
    t = 1.0 + np.arange(1, 513)
    fitted = fit_exponent(t**0.2, 0.5)
    assert abs(fitted.value - 0.25) > 2 * fitted.error


def test_later_targets():
    lags = np.arange(1, 513)
    y = 9.0 + lags
    # The law itself: least squares multiplies the roundings of the logarithms, and its own, by the condition of its columns.
    columns = np.stack([np.ones(512), np.log(y), y**-0.5, 1 / y], axis=1)[31:]  # from the second of its first lags on
    allowed = np.linalg.cond(columns) * roundings(4 * LIBRARY)
    assert allowed < 1e-10, "so that the comparison has teeth"
    assert fit_exponent(y**0.5, 0.5, target=8).value == pytest.approx(0.5, rel=allowed, abs=0)


@pytest.mark.parametrize("margin", [np.ones(50), np.concatenate([np.ones(500), [0.0]])])
def test_what_cannot_be_fitted(margin):
    with pytest.raises(ValueError, match="needs 128 positive margins"):
        fit_exponent(margin, 0.5)
