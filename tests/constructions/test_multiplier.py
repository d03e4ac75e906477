from sessa_ref.constructions.multiplier import local_multiplier, selector
from tests.constructions.twelve_tokens import CHANNELS, CODES, assert_met, broken, tokens


def test_the_signal_is_multiplied():
    assert_met(local_multiplier(CHANNELS, CODES, 1.0, 0.01), tokens())


def test_the_target_is_selected():
    built = selector(CHANNELS, CODES, 2, 0.01)
    assert len(built.network.blocks) == 2
    assert_met(built, tokens())


def test_positions_that_are_all_alike_break_the_claim():
    x = tokens()
    x += (CODES.lower[0] - CHANNELS.read("pos", x))[..., None] * CHANNELS["pos"]
    found = broken(local_multiplier(CHANNELS, CODES, 1.0, 0.01), x)
    assert "|D - factor|" in found
    assert "change of other channels" not in found
