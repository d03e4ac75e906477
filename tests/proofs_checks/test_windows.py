import numpy as np
import pytest

from proofs_checks.windows import window_example
from tests.rounding import LIBRARY, near, roundings


@pytest.mark.parametrize("window", [0, 1, 3])
def test_the_derivative_is_that_of_the_channel(window):
    """The channel itself, run on its tokens, with a complex step at tau."""
    N = np.sqrt(2 * np.pi * 10**4)
    early = 5014
    tokens = np.concatenate([np.ones(early), -np.ones(window + 2)]).astype(complex)
    tokens[early] += 1e-100j
    padded = np.concatenate([np.ones(window), tokens])  # whole sums before the first token as well
    h = 0.0 + 0.0j
    for t in range(len(tokens)):
        step = (1 + np.sin(N**2 * padded[t : t + window + 1].sum())) / N
        h = np.exp(-step) * h + (1 - np.exp(-step)) * tokens[t]
    attained, printed = window_example(window)
    # The phases N^2 w are off by 6 roundings of at most N^2 (window + 1), and steps by an N-th of that, from tau on window + 2
    # times, in a transition and in its h + 1. Before, each of the last N states is rounded twice.
    n = 2 * (window + 2) * (6 * N * (window + 1) + 2 * LIBRARY) + 2 * N
    error = abs(abs(h.imag) / 1e-100 - float(attained.mid()))
    assert error <= roundings(n) * float(attained.mid()) + float(attained.rad())
    assert float(printed.mid()) == near((2 * N + 1) * np.exp(-1 / N), 2 * (4 + LIBRARY))
