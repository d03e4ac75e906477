from itertools import product

import pytest

from sessa_ref.tasks.counts import expected_largest_count
from tests.rounding import near


@pytest.mark.parametrize(("draws", "choices"), [(1, 3), (4, 2), (5, 3), (3, 7)])
def test_against_all_draws(draws, choices):
    largest = [max(map(drawn.count, range(choices))) for drawn in product(range(choices), repeat=draws)]
    assert expected_largest_count(draws, choices) == near(
        sum(largest) / len(largest), 64
    )  # a sum of a few dozen positive numbers
