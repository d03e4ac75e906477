import numpy as np
import pytest

from sessa_ref.constructions import Channels
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.reference.tokenwise import gelu


@pytest.mark.parametrize(
    ("lower", "upper", "message"),
    [
        ([1.0, 2.0], [1.5, 1.9], "each before the next"),
        ([1.0, 1.4], [1.5, 2.0], "each before the next"),
        ([0.0, 2.0], [1.0, 3.0], "each before the next"),
        ([], [], "one interval for each token"),
        ([1.0, 2.0], [1.5], "one interval for each token"),
    ],
)
def test_what_is_refused(lower, upper, message):
    with pytest.raises(ValueError, match=message):
        OrderedCodes.of(lower, upper)


@pytest.mark.parametrize("T", [2, 40])
def test_gaps_of_written_codes_are_as_wide_as_the_intervals_at_least(T):
    codes = OrderedCodes.written(T, 1.0)
    widths, gaps = codes.upper - codes.lower, codes.lower[1:] - codes.upper[:-1]
    assert codes.length == T
    # differences of numbers that are T times as large, each within a few roundings
    assert gaps.min() >= widths.max() * (1 - T * 2.0**-50)


def test_the_activation_keeps_the_order():
    codes = OrderedCodes.of([0.5, 2.0], [1.0, 3.0]).activated()
    assert codes.lower.tolist() == gelu(np.array([0.5, 2.0])).tolist()


def test_tokens_lie_in_their_intervals():
    codes, channels = OrderedCodes.written(6, 0.5), Channels.random(4, ["sig", "pos"])
    x = codes.tokens(channels, 50, 0.5)
    along = channels.read("pos", x)
    slack = 8 * 2.0**-53 * codes.upper  # a sum of 4 products of a unit vector, and 4 products that are taken away
    assert np.all((along >= codes.lower - slack) & (along <= codes.upper + slack))
    assert np.any(np.abs(along - codes.lower) <= slack), "ends of intervals are among them"
    rest = x - along[..., None] * channels["pos"]
    assert np.linalg.norm(rest, axis=-1).max() <= 0.5 + slack.max()
