"""What counting reaches: the accuracy of answers that follow from how often each token occurred."""

from functools import lru_cache

import numpy as np


@lru_cache
def expected_largest_count(draws: int, choices: int) -> float:
    """The expected count of the value that occurs most often in `draws` >= 1 independent uniform draws from `choices` values.

    Who knows how often each value was drawn, but not when, does best to name the most frequent one. The guess is right
    for this many draws out of all, on average.

    Counts of independent draws are Poisson counts, given their sum. So P(largest <= m) is a coefficient of the power of
    a polynomial, over a Poisson probability. All terms are positive, and nothing cancels.
    """
    from scipy.stats import poisson  # takes half a second, and few trainings count

    total = 0.0
    for m in range(draws):
        one = poisson.pmf(np.arange(draws + 1), draws / choices)
        one[m + 1 :] = 0
        all_of_them = _power(one, choices)[draws] / poisson.pmf(draws, draws)
        total += 1 - min(all_of_them, 1.0)
    return float(total)


def _power(polynomial: np.ndarray, exponent: int) -> np.ndarray:
    """A power of a polynomial, up to the degree that it is given with."""
    size = len(polynomial)
    result = np.zeros(size)
    result[0] = 1
    while exponent:
        if exponent % 2:
            result = np.convolve(result, polynomial)[:size]
        polynomial = np.convolve(polynomial, polynomial)[:size]
        exponent //= 2
    return result
