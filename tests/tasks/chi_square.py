import numpy as np
from scipy.stats import chi2

FALSE_ALARM = 1e-6
"""Of each chi-square test; with fixed seeds none of them can come and go."""


def chi_square(observed, probabilities) -> float:
    """The probability of a larger deviation by chance; cells that are expected to have fewer than five are taken together."""
    observed = np.asarray(observed)
    expected = np.asarray(probabilities) * observed.sum()
    often = expected >= 5
    observed = np.append(observed[often], observed[~often].sum())
    expected = np.append(expected[often], expected[~often].sum())
    if expected[-1] == 0:
        if observed[-1] > 0:  # what cannot be has been
            return 0.0
        observed, expected = observed[:-1], expected[:-1]
    return float(chi2.sf(np.sum((observed - expected) ** 2 / expected), len(expected) - 1))
