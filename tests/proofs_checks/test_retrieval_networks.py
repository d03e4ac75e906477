import numpy as np
import pytest

from proofs_checks import retrieval_networks
from sessa_ref.theory import retrieval


@pytest.mark.parametrize("gain", [0.0, 0.6])
def test_scores_are_the_selector_times_the_transport(gain: float):
    T, source, steps = 8, 1, 5
    network = retrieval_networks.retrieval_network(source, steps, gain)
    scores = retrieval_networks.scores(network, T, np.random.default_rng(0))
    factors = retrieval.selector(source, steps)
    for t in range(T):
        for tau in range(t):
            expected = float(retrieval.selector_weight(factors, tau)) * retrieval.uniform_transport(tau, t, gain)
            assert scores[t, tau] == pytest.approx(expected, abs=1e-13)


def test_a_sharp_block_reads_the_source():
    T, source = 9, 2
    block = retrieval_networks.sharp_block(source, np.log(4 * T))
    channels = retrieval_networks.sharp_channels(source, T)
    scores = retrieval_networks.scores([block], T, np.random.default_rng(0), channels)
    for t in range(source, T):
        assert scores[t, source] == pytest.approx(4 * T / (4 * T + t), rel=1e-12)
        assert scores[t, 0] == pytest.approx(1 / (4 * T + t), rel=1e-12)


def test_a_factor_block_multiplies_the_signal():
    signal = np.random.default_rng(1).normal(size=5)
    tokens = retrieval_networks.embed(signal)
    block = retrieval_networks.factor_block(3.0, -1.0)
    moved = retrieval_networks.reference.forward(block, tokens)
    np.testing.assert_allclose(
        moved[:, retrieval_networks.SIGNAL], signal * (3 / np.arange(1, 6) - 1), rtol=1e-12, atol=1e-15
    )
