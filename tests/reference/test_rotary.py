import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.config import SessaConfig
from sessa_ref.reference import rotary
from tests.rounding import LIBRARY, roundings


def angles(positions, **change):
    config = SessaConfig(width=8, query_width=6, **change)
    return rotary.angles(config, np.asarray(positions, dtype=np.float64))


def test_frequencies():
    theta = angles([0, 1, 10])
    expected = np.array([1, 10000 ** (-1 / 3), 10000 ** (-2 / 3)])
    assert np.allclose(theta[1], expected, rtol=roundings(2 * LIBRARY), atol=0)
    assert np.all(theta[0] == 0)
    assert np.allclose(theta[2], 10 * expected, rtol=roundings(2 * LIBRARY + 2), atol=0)


def test_base():
    """The exponents -1/3 and -2/3 are rounded, which counts ln(8) times."""
    allowed = roundings(LIBRARY + 2 / 3 * np.log(8))
    assert np.allclose(angles([1], rope_base=8.0), [1, 0.5, 0.25], rtol=allowed, atol=0)


def test_pairs_are_neighbours():
    turned = rotary.rotate(np.array([[1.0, 0, 1, 0, 0, 1]]), np.array([[np.pi / 2, 0, np.pi / 2]]))
    assert np.allclose(turned, [[0, 1, 1, 0, -1, 0]], rtol=0, atol=roundings(2))


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_products_depend_on_the_distance_alone(i, j, shift):
    """An angle of t radians is off by t roundings at most, and there are four.

    The rest: 6 roundings for a turned coordinate, beside the length of its pair, and 7 for the product, in both products.
    """
    generator = np.random.default_rng(1)
    q, k = generator.normal(size=(2, 1, 6))

    def product(m, n):
        return np.sum(rotary.rotate(q, angles([m])) * rotary.rotate(k, angles([n])))

    size = np.linalg.norm(q) * np.linalg.norm(k)
    allowed = roundings(2 * (i + j + shift) + 2 * (2 * np.sqrt(2) * 6 + 7))
    assert abs(product(i, j) - product(i + shift, j + shift)) <= allowed * size


def test_inverse():
    """Two roundings of each term (product and sum), twice, of at most sqrt(2) times the size; and two of cos^2 + sin^2."""
    z, theta = np.random.default_rng(0).normal(size=(2, 5, 6)), angles(range(5))
    back = rotary.rotate(rotary.rotate(z, theta), -theta)
    assert np.all(np.abs(back - z) <= roundings(4 * np.sqrt(2) + 2) * np.abs(z).max())


def test_float32_frequencies():
    exact, rounded = angles([1, 1000]), angles([1, 1000], rotary_dtype="float32")
    assert np.array_equal(rounded[0].astype(np.float32), rounded[0])
    # one rounding of the frequency, and one of the exponent, which counts ln(base) times
    assert np.all(np.abs(rounded - exact) <= 2.0**-24 * (1 + np.log(10000)) * exact)
    assert np.any(rounded != exact)


def test_angles_are_positions_times_frequencies():
    config = SessaConfig(width=8, query_width=6, rotary_dtype="float32")
    positions = np.arange(5.0)
    assert np.array_equal(rotary.angles(config, positions), positions[:, None] * rotary.frequencies(config))


@pytest.mark.parametrize("rotary_dtype", ["float64", "float32"])
def test_frequencies_in_extended_precision(rotary_dtype):
    config = SessaConfig(width=8, query_width=6, rotary_dtype=rotary_dtype)
    plain, extended = rotary.frequencies(config), rotary.frequencies(config, np.ones(1, dtype=np.longdouble))
    assert (plain.dtype, extended.dtype) == (np.float64, np.longdouble)
    # in float64 the exponents, up to 2/3, are rounded, which counts ln(base) times; in float32 they are the same numbers
    allowed = roundings(LIBRARY + 2 / 3 * np.log(10000)) if rotary_dtype == "float64" else 0
    assert np.allclose(plain, extended, rtol=allowed, atol=0)


@pytest.mark.skipif(np.finfo(np.longdouble).eps == np.finfo(float).eps, reason="no extended precision here")
def test_angles_in_extended_precision():
    """They differ from those of float64 by more than their own roundings."""
    config, positions = SessaConfig(width=8, query_width=6), np.arange(5, dtype=np.longdouble)
    theta = rotary.angles(config, positions)
    assert np.array_equal(theta, positions[:, None] * rotary.frequencies(config, positions))
    assert np.any(theta != rotary.angles(config, positions.astype(float)))
