import numpy as np
import pytest

from sessa_ref.constructions.window import window_around, window_writer
from tests.constructions.twelve_tokens import CHANNELS, CODES, assert_met, broken, tokens


@pytest.mark.parametrize(("target", "accuracy"), [(0, 0.5), (3, 0.01), (11, 1e-9)])
def test_a_window_is_written(target, accuracy):
    built = window_writer(CHANNELS, CODES, target, accuracy)
    assert built.network.width == 7
    assert_met(built, tokens())


def test_tokens_outside_their_intervals_break_the_claim():
    x = tokens()
    x[..., CHANNELS.names.index("pos")] += 0.5 * (CODES.lower[4] - CODES.lower[3])
    assert "|a - 1| at the target" in broken(window_writer(CHANNELS, CODES, 3, 0.01), x)


def test_four_ramps_make_a_plateau():
    window = window_around(CODES, 3, 0.01)
    (a, b), (c, d) = window.rise, window.fall
    z = np.linspace(a - 1, d + 1, 4001)
    wanted = np.interp(z, [a, b, c, d], [0, 1, 1, 0])
    error = np.abs(window(z) - wanted).max()
    assert 0.1 * window.accuracy < error <= window.accuracy
