import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref import influence
from tests.rounding import LIBRARY, roundings

LAGS = np.arange(1, 200)
rates = st.floats(0.05, 3)
constants = st.floats(1e-3, 1e3)


def allowed(positions, influences):
    """How far the rate and the logarithm of the constant of a fit may be off, and a logarithm itself.

    A logarithm is off by the roundings of the power in the influence and its own, and the sums over all lags add one for each
    term. An error of at most e in every logarithm moves the slope by at most e / std, and the line at 0 by e (1 + mean / std).
    """
    e = roundings(2 * LIBRARY + len(positions)) * (1 + np.abs(np.log(influences)).max())
    return e / np.std(positions), e * (1 + np.abs(np.mean(positions)) / np.std(positions)), e


@given(rates, constants)
def test_a_power_law_is_found_exactly(rate, constant):
    influences = constant * LAGS**-rate
    fit = influence.fit_power_law(LAGS, influences)
    of_rate, of_constant, of_logarithm = allowed(np.log(LAGS), influences)
    assert abs(fit.rate - rate) <= of_rate
    assert abs(np.log(fit.constant / constant)) <= of_constant
    assert fit.spread <= of_rate * np.log(LAGS[-1]) + of_constant
    assert np.allclose(fit(LAGS), influences, rtol=of_rate * np.log(LAGS[-1]) + of_constant, atol=0)
    nearest = np.log(LAGS[-1] / LAGS[-2])  # a local exponent is a quotient of differences, over this at least
    assert np.allclose(influence.local_exponent(LAGS, influences), rate, rtol=0, atol=2 * of_logarithm / nearest)
    assert influence.fit_exponential(LAGS, influences).spread > 0.01, "and an exponential is a worse fit"


@given(st.floats(0.01, 1), constants)
def test_an_exponential_is_found_exactly(rate, constant):
    influences = constant * np.exp(-rate * LAGS)
    fit = influence.fit_exponential(LAGS, influences)
    of_rate, of_constant, _ = allowed(LAGS, influences)
    assert abs(fit.rate - rate) <= of_rate
    assert abs(np.log(fit.constant / constant)) <= of_constant
    assert fit.spread <= of_rate * LAGS[-1] + of_constant
    assert np.allclose(fit(LAGS), influences, rtol=of_rate * LAGS[-1] + of_constant, atol=0)
    assert influence.fit_power_law(LAGS, influences).spread > 0.1, "and a power law is a worse fit"


@given(st.integers(0, 2**32), st.floats(-2, 2), st.floats(-2, 2))
def test_the_line_is_the_nearest_one(seed, turn, lift):
    """No other line through the logarithms leaves a smaller sum of squares."""
    generator = np.random.default_rng(seed)
    influences = np.exp(generator.normal(size=30))
    lags = np.sort(generator.choice(LAGS, 30, replace=False))
    fit = influence.fit_power_law(lags, influences)
    of_rate, of_constant, _ = allowed(np.log(lags), influences)
    rounding = of_rate * np.log(lags[-1]) + of_constant
    other = np.log(influences) - (np.log(fit(lags)) + turn * np.log(lags) + lift)
    assert np.sum(fit.residuals**2) <= np.sum((np.abs(other) + rounding) ** 2)
    assert np.allclose(np.log(fit(lags)) + fit.residuals, np.log(influences), rtol=0, atol=rounding)


def test_the_local_exponent_of_an_exponential_grows_with_the_lag():
    found = influence.local_exponent(LAGS, np.exp(-0.1 * LAGS))
    lags = LAGS[20:-1]
    # a quotient of differences is off by a relative 1/(6 lag^2), and by the next order, a hundredth of that here
    assert np.all(np.abs(found[20:-1] / (0.1 * lags) - 1) <= 1.01 / (6 * lags**2))
    assert not np.allclose(found[20:-1], 0.1, rtol=0.5)


@given(rates, st.sampled_from([1, 3, 7]), st.floats(0.1, 10))
def test_scaling_moves_the_constant_alone(rate, stretch, factor):
    influences = LAGS**-rate * (2 + np.sin(LAGS))
    before, after = (
        influence.fit_power_law(LAGS, influences),
        influence.fit_power_law(stretch * LAGS, factor * influences),
    )
    of_rate, of_constant, _ = allowed(np.log(stretch * LAGS), factor * influences)
    assert abs(after.rate - before.rate) <= 2 * of_rate
    moved = np.log(after.constant / (factor * before.constant * stretch**before.rate))
    assert abs(moved) <= 2 * (of_constant + np.log(stretch) * of_rate)


@pytest.mark.parametrize("function", [influence.local_exponent, influence.fit_power_law, influence.fit_exponential])
@pytest.mark.parametrize(
    ("lags", "influences", "message"),
    [
        ([1], [1.0], "at least two lags"),
        ([1, 2], [1.0, 0.5, 0.2], "one influence each"),
        ([0, 1], [1.0, 0.5], "^lags must be positive and increasing"),
        ([2, 1], [1.0, 0.5], "positive and increasing"),
        ([1, 1], [1.0, 0.5], "positive and increasing"),
        ([1, 2], [1.0, 0.0], "^influence must be positive"),
        ([1, 2], [1.0, -0.5], "influence must be positive"),
        ([1, 2], [1.0, np.nan], "influence must be positive"),
    ],
)
def test_bad_arguments(function, lags, influences, message):
    with pytest.raises(ValueError, match=message):
        function(lags, influences)


def test_masks_are_not_ignored():
    lags = np.arange(1.0, 5.0)
    with pytest.raises(TypeError, match="influence must be a plain array, got a masked array"):
        influence.fit_power_law(lags, np.ma.masked_array(1 / lags, lags > 3))
    with pytest.raises(TypeError, match="lags must be a plain array, got a masked array"):
        influence.fit_power_law(np.ma.masked_array(lags, lags > 3), 1 / lags)


def test_everything_is_computed_in_float64():
    lags, influences = np.array([1, 2, 5], dtype=np.float32), np.array([1, 0.3, 0.1], dtype=np.float32)
    assert np.array_equal(
        influence.local_exponent(lags, influences),
        influence.local_exponent(lags.astype(np.float64), influences.astype(np.float64)),
    )
    for fit in (influence.fit_power_law(lags, influences), influence.fit_exponential(lags, influences)):
        assert fit(lags).dtype == np.float64
