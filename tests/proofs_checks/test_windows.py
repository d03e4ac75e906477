import numpy as np
import pytest

from proofs_checks.windows import window_example


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
    assert abs(h.imag) / 1e-100 == pytest.approx(float(attained.mid()), rel=1e-6)
    assert float(printed.mid()) == pytest.approx((2 * N + 1) * np.exp(-1 / N))
