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
        off = 5e-4 * abs(argument)  # four digits of the argument are told, and six of the gain
        assert np.min(np.abs(z - argument)) <= off
        gain = 0.999 * np.tanh(argument) + 1e-3 * np.sin(7 * argument)
        assert abs(used - gain) <= (1 / np.cosh(argument) ** 2 + 7e-3) * off + 5e-6


def test_nothing_is_read_off_where_more_than_the_weights_is_wrong():
    for name in ("StrangelyWrong", "OutputScaled", "StrangeActivation"):
        assert list(values_inside(observed(name, "forward"))) == []
