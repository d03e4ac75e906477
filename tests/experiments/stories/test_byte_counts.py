import numpy as np
import pytest

from experiments.stories.byte_counts import ByteCounts
from tests.rounding import LIBRARY, near

TEXT = b"abracadabra"


def test_by_hand():
    counts = ByteCounts(TEXT, 1)
    a = (5 + 1 / 256) / 12
    assert counts.probability(b"", ord("a")) == near(a, 4)
    # "b" stands twice before another byte, each time before "r", which stands twice in all
    assert counts.probability(b"b", ord("r")) == near((2 + (2 + 1 / 256) / 12) / 3, 8)
    assert counts.probability(b"xyz", ord("a")) == near(a, 4)
    assert counts.bits_per_byte([b"xa", b"xa"]) == near(-np.log2(a), 2 * (LIBRARY + 4))


@pytest.mark.parametrize("before", [b"", b"a", b"ra", b"cad", b"zz"])
def test_probabilities_add_up(before):
    counts = ByteCounts(TEXT, 2)
    assert sum(counts.probability(before, byte) for byte in range(256)) == near(1, 256 + 3 * 2)
