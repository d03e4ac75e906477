"""Formats and rounding to them."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from sessa_ref.precision import PRECISIONS, round_to


@given(st.floats(width=32, allow_nan=False, allow_infinity=False) | st.floats(-1e30, 1e30))
def test_bfloat16_is_torchs(number):
    """Torch rounds a double twice, by way of float32; ours once. For a float32 they are equal."""
    array = np.array([number])
    ours = round_to(array, "bfloat16")[0]
    if np.float32(number) == number and abs(number) < 3e38:
        assert ours == torch.tensor(number, dtype=torch.float32).bfloat16().double().item()
    if 1e-37 < abs(number) < 3e38:
        assert abs(ours - number) <= PRECISIONS["bfloat16"].unit_roundoff * abs(number)


def test_bfloat16_rounds_once():
    """1 + 2^-8 + 2^-40 lies just above the middle of two bfloat16 numbers; by float32 it would go down."""
    assert round_to(np.array([1 + 2.0**-8 + 2.0**-40]), "bfloat16")[0] == 1 + 2.0**-7
    assert round_to(np.array([1 + 2.0**-8]), "bfloat16")[0] == 1
    assert round_to(np.array([-1 - 3 * 2.0**-8]), "bfloat16")[0] == -1 - 2.0**-6


def test_bfloat16_has_infinities_and_every_nan():
    """A NaN of all ones would overflow to 0 in arithmetic on its bits."""
    nans = np.array([np.nan, -np.nan, np.array(2**64 - 1, np.uint64).view(np.float64)])
    assert np.isnan(round_to(nans, "bfloat16")).all()
    largest = 2.0**128 - 2.0**120
    numbers = np.array([np.inf, -np.inf, largest, -largest, largest + 2.0**119, 1e308, -0.0, 2.0**-134, 3 * 2.0**-134])
    expected = [np.inf, -np.inf, largest, -largest, np.inf, np.inf, 0, 0, 2.0**-132]
    assert round_to(numbers, "bfloat16").tolist() == expected
    assert np.array_equal(np.signbit(round_to(numbers, "bfloat16")), np.signbit(numbers))


def test_bfloat16_near_every_tie():
    """All numbers of the format, those half way between two of them, and the float64 beside these."""
    bits = np.arange(0x7F80, dtype=np.uint32) << 16
    below, above = bits.view(np.float32).astype(np.float64), (bits + 0x10000).view(np.float32).astype(np.float64)
    above[-1] = 2.0**128  # where infinity is
    middle = (below + above) / 2
    even = np.where(np.arange(0x7F80) % 2 == 0, below, above)
    above_or_infinite = np.where(above == 2.0**128, np.inf, above)
    even = np.where(even == 2.0**128, np.inf, even)
    for sign in (1, -1):
        for numbers, expected in (
            (below, below),
            (np.nextafter(middle, 0), below),
            (middle, even),
            (np.nextafter(middle, np.inf), above_or_infinite),
        ):
            assert np.array_equal(round_to(sign * numbers, "bfloat16"), sign * expected)


def test_units():
    for name, precision in PRECISIONS.items():
        info = torch.finfo(getattr(torch, name))
        assert precision.unit_roundoff == info.eps / 2
        assert precision.tiny == info.tiny
        assert precision.underflow == (info.smallest_normal if name != "float16" else info.tiny * info.eps / 2)


@given(st.floats(-1e4, 1e4, allow_nan=False), st.sampled_from(sorted(PRECISIONS)))
def test_rounding_is_to_nearest(number, dtype):
    """By half a unit in the last place at most, and a number of the format stays as it is."""
    unit, tiny = PRECISIONS[dtype].unit_roundoff, PRECISIONS[dtype].tiny
    rounded = round_to(np.array([number]), dtype)
    assert rounded.dtype == np.float64
    assert abs(rounded[0] - number) <= max(unit * abs(number), unit * tiny)
    assert np.array_equal(round_to(rounded, dtype), rounded)


def test_what_is_not_finite_stays_so():
    """A NaN with all of its bits set, as untouched memory has them, among them; and a number too large is infinite."""
    ones = np.array([-1], dtype=np.int64).view(np.float64)
    with np.errstate(over="ignore"):
        for dtype in PRECISIONS:
            assert np.isnan(round_to(np.array([np.nan, -np.nan, ones[0]]), dtype)).all()
            assert np.array_equal(round_to(np.array([np.inf, -np.inf]), dtype), [np.inf, -np.inf])
        assert np.array_equal(
            round_to(np.array([3.4e38, -3.4e38, 3.389e38]), "bfloat16"), [np.inf, -np.inf, 255 * 2.0**120]
        )


def test_a_carrier_holds_every_number_of_its_format():
    for dtype, precision in PRECISIONS.items():
        for number in (1 + 2 * precision.unit_roundoff, precision.tiny, precision.unit_roundoff):
            assert round_to(np.array([number]), dtype)[0] == number
            assert float(np.array(number, dtype=precision.carrier)) == number
        assert precision.angle_unit_roundoff <= max(precision.unit_roundoff, 2.0**-24)
