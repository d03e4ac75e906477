"""True values are certified where that is affordable, and bounds follow from the draws."""

from sessa_ref.oracle import battery
from sessa_ref.oracle.bounds.expectation import CERTIFIED, is_certified


def test_the_battery_is_certified_but_for_its_longest_cases():
    assert all(is_certified(c) == (c.x.shape[1] <= CERTIFIED) for c in battery())
