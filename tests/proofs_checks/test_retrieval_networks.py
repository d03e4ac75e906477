from fractions import Fraction
from math import prod

import numpy as np
import pytest

from proofs_checks import retrieval_networks
from sessa_ref.theory import retrieval
from tests.rounding import LIBRARY, gamma_roundings, near, roundings


@pytest.mark.parametrize("gain", [0.0, 0.6])
def test_scores_are_the_selector_times_the_transport(gain: float):
    T, source, steps = 8, 1, 5
    network = retrieval_networks.retrieval_network(source, steps, gain)
    scores = retrieval_networks.scores(network, T, np.random.default_rng(0))
    factors = retrieval.selector(source, steps)
    block = roundings(T + 2 * LIBRARY + 12)  # a mean of up to T tokens, GELU and a few products
    solve = roundings(T * (T - 1)) + block + gamma_roundings(T + 1)  # of positive terms, over up to T - 1 hops
    for t in range(T):
        for tau in range(t):
            expected = float(retrieval.selector_weight(factors, tau)) * retrieval.uniform_transport(tau, t, gain)
            # A block's factor 1 + (A p + B - 1) is off in proportion to the sizes of its terms, also where it vanishes.
            p = Fraction(1, tau + 1)
            true = [float(abs(A * p + B)) for A, B in factors]
            off = [block * float(abs(A) * p + abs(B) + 2) for A, B in factors]
            moved = prod(map(sum, zip(true, off, strict=True))) * (1 + solve) - prod(true)
            assert abs(scores[t, tau] - expected) <= moved * retrieval.uniform_transport(tau, t, gain)


def test_a_sharp_block_reads_the_source():
    T, source = 9, 2
    block = retrieval_networks.sharp_block(source, np.log(4 * T))
    channels = retrieval_networks.sharp_channels(source, T)
    scores = retrieval_networks.scores([block], T, np.random.default_rng(0), channels)
    # Logits up to log(4 T), of rotated numbers, are off by a few roundings of their terms; then a softmax and a mean.
    n = 2 * (4 * LIBRARY + 8) * np.log(4 * T) + 2 * T + 3 * LIBRARY
    for t in range(source, T):
        assert scores[t, source] == near(4 * T / (4 * T + t), n)
        assert scores[t, 0] == near(1 / (4 * T + t), n)


def test_a_factor_block_multiplies_the_signal():
    signal = np.random.default_rng(1).normal(size=5)
    tokens = retrieval_networks.embed(signal)
    block = retrieval_networks.factor_block(3.0, -1.0)
    moved = retrieval_networks.reference.forward(block, tokens)
    error = np.abs(moved[:, retrieval_networks.SIGNAL] - signal * (3 / np.arange(1, 6) - 1))
    n = 5 + 2 * LIBRARY + 12  # a mean of up to 5 tokens, GELU and a few products, of terms 1, 3/(t + 1) and -2
    assert np.all(error <= roundings(n) * np.abs(signal) * (1 + 3 / np.arange(1, 6) + 2))
