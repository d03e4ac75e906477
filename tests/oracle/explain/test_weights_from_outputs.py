"""Weights are read off the outputs, where nothing else is wrong."""

import re

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.oracle import battery
from sessa_ref.oracle.explain.weights_from_outputs import values_inside
from tests.oracle.explain.observed import observed


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("StrangeGain", "OtherGain", "for the argument"),
        ("StrangeFeedback", "OtherFeedbackWeights", "B["),
        ("StrangeAttention", "OtherForwardWeights", "alpha[head"),
    ],
)
def test_weights_are_read_off_the_outputs(name, place, words):
    """And what is read is what the layer used, to the digits that are told."""
    observations = observed(name, "forward")
    (told,) = values_inside(observations)
    assert told[0] == place
    assert words in told[1]
    case = next(case for case in battery() if f"on {case.name}, " in told[1])
    z = np.arctanh(reference.trace(case.parameters, case.x).gamma / 0.999)
    if name == "StrangeGain":
        argument, used = (float(re.findall(rf"{word} (-?[0-9.e-]+)", told[1])[0]) for word in ("argument", "is"))
        assert np.min(np.abs(z - argument)) < 1e-3 * abs(argument)
        assert used == pytest.approx(0.999 * np.tanh(argument) + 1e-3 * np.sin(7 * argument), abs=1e-4)


def test_nothing_is_read_off_where_more_than_the_weights_is_wrong():
    for name in ("StrangelyWrong", "OutputScaled", "StrangeActivation"):
        assert list(values_inside(observed(name, "forward"))) == []
