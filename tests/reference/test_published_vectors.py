"""The reference reproduces the public implementation's outputs and gradients."""

import numpy as np
import pytest

from sessa_ref import reference
from tests import published_vectors
from tests.closeness import as_values

RELATIVE = 1e-12
"""What is claimed of the public implementation's numbers: twelve digits. Within how many roundings it and the reference lie
of the true values is tested with the certified arithmetic."""

DOUBLE = [name for name in published_vectors.NAMES if name != "float32"]


def largest_error(measured, published):
    """Relative to the largest entry; 0/0 is 0."""
    error, size = np.max(np.abs(measured - published)), np.max(np.abs(published))
    return 0.0 if error == 0 else error / size


@pytest.mark.parametrize("name", DOUBLE)
def test_outputs(name):
    vector = published_vectors.load(name)
    steps = reference.trace(vector.parameters(), vector["x"])
    assert largest_error(steps.u, vector["mixer_in"]) <= RELATIVE
    assert largest_error(steps.s, vector["mixer_out"]) <= RELATIVE
    assert largest_error(steps.y, vector["y"]) <= RELATIVE


@pytest.mark.parametrize("name", DOUBLE)
def test_prefill_and_decode(name):
    vector = published_vectors.load(name)
    y = reference.decode(vector.parameters(), vector["x"], vector.split)
    assert largest_error(y, vector["y_prefill_decode"]) <= RELATIVE


@pytest.mark.parametrize("name", DOUBLE)
def test_gradients(name):
    """To 1e-12 of the whole gradient, and of each array where float64 allows it.

    Some arrays are differences of much larger numbers, so that no float64 computation has 12 digits of them:
    1 - tanh^2 where the gain is saturated, the keys' bias without rotation (exactly 0), the logits of nearly
    equal tokens. There the bound is twice (two float64 results) the one from the case's rounding analysis.
    """
    vector = published_vectors.load(name)
    dx, gradients = reference.vjp(vector.parameters(), vector["x"], vector["grad_y"])
    published = vector.part("grad.")
    assert gradients.keys() == published.keys()
    assert largest_error(dx, vector["grad_x"]) <= RELATIVE
    whole = max(np.max(np.abs(array)) for array in published.values())
    expectation = published_vectors.expectation(name)
    for parameter, array in published.items():
        error = np.abs(gradients[parameter] - array)
        assert np.max(error) <= RELATIVE * whole, parameter
        allowed = np.maximum(RELATIVE * np.max(np.abs(array)), 2 * expectation.bounds(f"grad.{parameter}"))
        assert np.all(error <= allowed), parameter


def test_how_many_gradients_need_the_rounding_analysis():
    needing = set()
    for name in DOUBLE:
        vector = published_vectors.load(name)
        _, gradients = reference.vjp(vector.parameters(), vector["x"], vector["grad_y"])
        for parameter, array in vector.part("grad.").items():
            if largest_error(gradients[parameter], array) > RELATIVE:
                needing.add((name, parameter))
    allowed = {("no_rope", "mixer.k_proj.bias")}
    allowed |= {
        (name, parameter)
        for name in ("gain_near_one", "gain_near_minus_one")
        for parameter in ("mixer.gamma_bias", "mixer.gamma_ctx.weight")
    }
    allowed |= {
        ("tiny_input", f"mixer.{part}.{array}")
        for part in ("q_proj", "k_proj", "proj_fb")
        for array in ("weight", "bias")
    }
    assert needing <= allowed


def test_float32_vector():
    """Computed in float32 by the public code: each array within its float32 bound."""
    vector = published_vectors.load("float32")
    expectation = published_vectors.expectation("float32")
    values = as_values(vector["y"], vector["grad_x"], vector.part("grad."))
    values["y"] = vector["y_prefill_decode"]
    for name, value in [("y", vector["y"]), *values.items()]:
        assert np.max(expectation.error_ratios(name, value.astype(np.float64))) <= 1, name


class TestRotaryRounding:
    """In a float64 run the public layer keeps rotary frequencies in float32; the exact map does not."""

    def difference(self, parameters, other, x):
        return np.abs(reference.forward(parameters, x) - reference.forward(other, x)).max(axis=(0, 2))

    @pytest.mark.parametrize("name", ["multi_head", "grouped_query", "multi_query", "long"])
    def test_it_shows_in_the_vectors(self, name):
        vector = published_vectors.load(name)
        y = reference.forward(vector.parameters("float64"), vector["x"])
        assert largest_error(y, vector["y"]) > RELATIVE

    def test_without_rotation_there_is_none(self):
        vector = published_vectors.load("no_rope")
        exact, rounded = vector.parameters("float64"), vector.parameters("float32")
        assert np.all(self.difference(exact, rounded, vector["x"]) == 0)

    def test_it_grows_with_the_position(self):
        """A relative error of the frequency is an angle error proportional to the distance."""
        vector = published_vectors.load("long")
        exact, rounded = vector.parameters("float64"), vector.parameters("float32")
        x = np.tile(vector["x"], (1, 4, 1))
        by_token = self.difference(exact, rounded, x)
        blocks = [by_token[start : 2 * start].mean() for start in (24, 96, 384)]
        assert blocks[0] < blocks[1] < blocks[2]
        assert 2 < blocks[2] / blocks[0] < 64, "about 16 times the distance"
        assert RELATIVE < blocks[0] < blocks[2] < 2.0**-24, "what one rounding to float32 makes of y"
