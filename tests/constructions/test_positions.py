import numpy as np
import pytest

from sessa_ref.constructions.positions import codes, intervals, positions, read_form, read_position
from sessa_ref.reference.tokenwise import gelu
from sessa_ref.theory.positions import position_scale
from tests.rounding import LIBRARY, near, roundings


@pytest.mark.parametrize(("T", "width", "gamma"), [(2, 1, 0.5), (3, 2, 0.01), (64, 5, 0.9), (100, 3, 0.999)])
def test_the_claim_holds(T, width, gamma, rng):
    built = positions(T, width, gamma)
    x = rng.standard_normal((3, T, width))
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    for one in built.claim.measure(x):
        assert one.holds, one


def test_the_scale_is_sharp():
    for T in (2, 5, 40):
        scale = position_scale(T, 0.7, 1.0)
        for factor, apart in ((1.001, True), (0.999, False)):
            where = intervals(T, 0.7, factor * scale, 1.0)
            assert (where[1:, 0] > where[:-1, 1]).all() == apart


def test_codes_solve_the_recursion():
    found = codes(30, 0.3)
    for t in range(1, 30):
        assert found[t] == near(1 + 0.3 * found[:t].mean(), t + 4)  # positive terms, and the nearest float64 numbers


def test_the_read_out_by_units():
    where = intervals(6, 0.9, 2 * position_scale(6, 0.9, 1.0), 1.0)
    z = np.linspace(where[0, 0] - 5, where[-1, 1] + 5, 2001)
    units = read_form(where)
    by_units = np.sum([weight * gelu(slope * z + offset) for slope, offset, weight in units], axis=0)
    # the steep slopes and offsets cancel; GELU's own tails are far below that, at a sharpness of 50
    terms = np.sum([np.abs(weight) * (np.abs(slope * z) + np.abs(offset)) for slope, offset, weight in units], axis=0)
    inside = ((z[:, None] >= where[:, 0]) & (z[:, None] <= where[:, 1])).any(axis=1)
    error = np.abs(by_units - read_position(z, where))[inside]
    assert np.all(error <= roundings(len(units) + 2 * LIBRARY + 4) * terms[inside])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1,), "at least two tokens"),
        ((3, 3, 1.0), "gain"),
        ((3, 3, 0.5, 0.0), "radius"),
        ((3, 3, 0.5, 1.0, 1.0), "margin"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        positions(*arguments)
