"""Monte Carlo arithmetic: exact without noise, right in size with it, and complete."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import special

from sessa_ref import reference
from sessa_ref.oracle.bounds.rounding import RoundedArray, rounded
from tests.strategies import cases

UNIT = 2.0**-24


def noise():
    return np.random.default_rng(0)


@settings(max_examples=15)
@given(cases(max_T=12))
def test_with_unit_zero_it_is_the_reference(drawn):
    x, dy = (rounded(array, 0.0, noise()) for array in (drawn.x, drawn.dy))
    dx, gradients = reference.vjp(drawn.parameters, x, dy)
    plain_dx, plain_gradients = reference.vjp(drawn.parameters, drawn.x, drawn.dy)
    assert np.array_equal(np.asarray(dx), plain_dx)
    for name, gradient in plain_gradients.items():
        assert np.array_equal(np.asarray(gradients[name]), gradient), name


def test_every_result_of_the_layer_is_rounded():
    """Nothing on the way from x to an output or a gradient falls back to exact arrays."""
    from sessa_ref.config import SessaConfig
    from sessa_ref.parameters import SessaParameters

    parameters = SessaParameters.random(SessaConfig.published(8, 4, 2))
    x = rounded(noise().normal(size=(2, 5, 8)), UNIT, noise())
    steps = reference.trace(parameters, x)
    assert steps.real is None  # nothing is padded
    for name, value in vars(steps).items():
        assert name == "real" or isinstance(value, RoundedArray), name
    dx, gradients = reference.backward(parameters, steps, rounded(np.ones(x.shape), UNIT, noise()))
    for name, value in {"dx": dx, **gradients}.items():
        assert isinstance(value, RoundedArray), name


def relative_spread(operation, *arrays, unit=UNIT, **kwargs):
    """Root mean square relative error of an operation's result, in units."""
    exact = operation(*arrays)
    generator = noise()
    result = operation(*(rounded(array, unit, generator, **kwargs) for array in arrays))
    return np.sqrt(np.mean(((np.asarray(result) - exact) / exact) ** 2)) / unit


NUMBERS = 1 + np.random.default_rng(1).random((2000, 1))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (lambda a: a * a, 1 / np.sqrt(3)),
        (lambda a: a / 3, 1 / np.sqrt(3)),
        (lambda a: a + 5, 1 / np.sqrt(3)),
        (np.sqrt, 1 / np.sqrt(3)),
        (np.exp, 4 / np.sqrt(3)),
        (np.tanh, 4 / np.sqrt(3)),
        (special.erf, 4 / np.sqrt(3)),
        (lambda a: -a, 0),
    ],
)
def test_elementwise_operations(operation, expected):
    # 2000 uniform errors: the sample's root mean square is within 5 % (5 sigma) of the true one
    assert relative_spread(operation, NUMBERS) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("n", [1, 4, 100])
def test_sums_of_equal_terms(n):
    """r = n t: sqrt(n) sqrt((r^2 + n t^2)/3), relative to r: sqrt((n + 1)/3). 5 % as above: every sum has one uniform error."""
    terms = np.repeat(NUMBERS, n, axis=1)
    expected = np.sqrt((n + 1) / 3)
    assert relative_spread(lambda a: np.sum(a, axis=-1), terms) == pytest.approx(expected, rel=0.05)
    assert relative_spread(lambda a: a @ np.ones((n, 1)), terms) == pytest.approx(expected, rel=0.05)
    dotted = relative_spread(lambda a: np.einsum("...j,...jd->...d", a, np.ones((2000, n, 1))), terms)
    assert dotted == pytest.approx(expected, rel=0.05)


def test_float32_sums_in_any_order_stay_within_the_model():
    """Real float32 arithmetic, in random orders, with and without cancellation, errs no more than the draws do.

    Of 2000 draws the root mean square is known to about 1/sqrt(4000), 5 of which are 8 percent.
    """
    generator = noise()
    for shift in (0.0, 1.0):
        terms = (generator.normal(size=300) + shift).astype(np.float32)
        exact = np.sum(terms, dtype=np.float64)
        sums = [np.cumsum(generator.permutation(terms), dtype=np.float32)[-1] for _ in range(200)]
        errors = np.array(sums, np.float64) - exact

        def drawn(unit, terms=terms, exact=exact):
            many = rounded(np.tile(terms.astype(np.float64), (2000, 1)), unit, noise())
            return float(np.sqrt(np.mean(np.square(np.asarray(np.sum(many, axis=-1), np.float64) - exact))))

        measured = float(np.sqrt(np.mean(np.square(errors))))
        assert measured <= 1.08 * drawn(UNIT)
        assert measured > 1.08 * drawn(UNIT / 16), "a model of a finer arithmetic is found too small"


def test_angles_have_their_own_unit():
    """cos of a position is an angle still; its product with a query rounds as the layer does."""
    x = rounded(np.ones(1000), 0.0, noise(), angle_unit_roundoff=UNIT)
    theta = np.arange(1000, dtype=np.float64, like=x) * 0.1
    assert np.max(np.abs(np.asarray(theta) - np.arange(1000) * 0.1)) > 0
    product = x * theta
    assert np.array_equal(np.asarray(product), np.asarray(theta))
    assert isinstance(product, RoundedArray)
    assert not product.is_angle


@pytest.mark.parametrize("operation", [np.linalg.inv, np.cumsum, lambda a: np.multiply.reduce(a), np.sort])
def test_what_has_no_model_is_refused(operation):
    with pytest.raises(TypeError, match="no rounding model for"):
        operation(rounded(np.eye(3), UNIT, noise()))


def test_only_what_comes_of_positions_alone_is_an_angle():
    """Products of matrices, in particular, round as the layer does, whatever the unit of angles."""
    x, y = (rounded(noise().normal(size=(4, 4)), UNIT, noise(), 0.0) for _ in range(2))
    products = (x @ y, np.einsum("...j,...jd->...d", x, y), np.sum(x @ y, axis=0))
    assert not any(vars(product)["is_angle"] for product in products)
    assert vars(np.cos(np.arange(3, like=x)))["is_angle"]


def test_factors_are_cut_off_by_their_unit_alone():
    x = rounded(np.ones((64, 64)), 0.0, noise(), factor_unit=2.0**-10)
    lost = 1 - np.asarray(x @ x) / 64
    assert np.all((lost > 0) & (lost < 2.0**-9))
    assert np.array_equal(np.asarray(x + x), np.full((64, 64), 2.0))
