import numpy as np

from sessa_ref.constructions import ONE
from sessa_ref.constructions.reset import overwrite, reset, zero_writer
from tests.constructions.twelve_tokens import CHANNELS, assert_met, tokens


def test_channels_become_zero():
    assert_met(zero_writer(CHANNELS, "prof"), tokens())
    assert_met(reset(CHANNELS, ("aux", "src", "tgt")), tokens())


def test_channels_become_forms_of_others():
    built = overwrite(CHANNELS, "mix", {"src": {"sig": 2.0, "pos": -1.0, ONE: 3.0}}, "lem:K.15")
    assert_met(built, tokens())


def test_uniform_rows_cannot_copy_what_differs():
    x = tokens()
    copied = overwrite(CHANNELS, "copy", {"src": {"sig": 1.0}}, "lem:K.15").network(x)
    assert np.ptp(CHANNELS.read("src", copied)) > 0.1, "the gate of each token carries it, the rows carry a 1"


def test_a_signal_that_is_overwritten_does_not_pass():
    about = {one.about for one in overwrite(CHANNELS, "clear", {"sig": {}}, "lem:K.18").claim.measure(tokens())}
    assert "a change of sig passes alone" not in about
