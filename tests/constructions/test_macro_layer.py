from sessa_ref.constructions.macro_layer import macro_layer
from sessa_ref.constructions.profile import profile
from sessa_ref.theory import selective_retrieval as theory
from tests.constructions.twelve_tokens import CHANNELS, CODES, assert_met, broken, tokens

BUILT = macro_layer(CHANNELS, CODES, 0.5, theory.profile_bounds(0.5))


def test_the_macro_layer_on_a_profile():
    assert_met(BUILT, profile(CHANNELS, CODES, 0.5).network(tokens()))


def test_a_profile_that_is_too_small_breaks_the_claim():
    x = tokens()
    x += (1e-3 - CHANNELS.read("prof", x))[..., None] * CHANNELS["prof"]
    assert broken(BUILT, x) == {"K (i+1)^beta"}
