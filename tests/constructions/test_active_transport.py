import numpy as np
import pytest

from sessa_ref.constructions.active_transport import active_transport
from sessa_ref.constructions.transport import kernel
from tests.constructions.twelve_tokens import CHANNELS, CODES, T, assert_met, tokens


@pytest.mark.parametrize(("beta", "keep"), [(0.5, True), (0.25, False)])
def test_the_signal_is_carried_on(beta, keep):
    assert_met(active_transport(CHANNELS, CODES, beta, keep=keep), tokens())


def test_without_feedback_nothing_is_carried_on():
    network, x = active_transport(CHANNELS, CODES, 0.5).network, tokens()[0]
    earlier = np.tril_indices(T, -1)
    off = kernel(network.without_feedback(["diffuse sig"]), CHANNELS, x)[earlier]
    assert np.abs(off).max() < 0.01 * kernel(network, CHANNELS, x)[earlier].min()
