"""Twelve tokens with ordered codes, and the seven channels of Appendix K, for the tests of its blocks."""

from sessa_ref.constructions import Built, Channels
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.selective_retrieval import NAMES
from sessa_ref.notation import Array

T = 12
CODES = OrderedCodes.written(T, 1.0)
CHANNELS = Channels(7, NAMES)


def tokens() -> Array:
    """Two sequences whose positions lie in the codes."""
    return CODES.tokens(CHANNELS, 2, 1.0)


def assert_met(built: Built, x: Array) -> None:
    """The claim holds in all that is measured."""
    for one in built.claim.measure(x):
        assert one.holds, str(one)


def broken(built: Built, x: Array) -> set[str]:
    """What is measured and does not hold."""
    return {one.about for one in built.claim.measure(x) if not one.holds}
