"""Which gradients flow back through which value of the layer."""

import numpy as np

from sessa_ref import reference
from sessa_ref.oracle import battery
from sessa_ref.oracle.bounds.expectation import expectations
from sessa_ref.oracle.explain import gradient_paths

CASE = next(case for case in battery(quick=True) if case.name == "heads")


def test_gradients_behind_values():
    behind = gradient_paths.gradients_behind(CASE)
    gate = behind["g"]
    assert {"dx", "grad.ln.weight", "grad.ln.bias", "grad.W_in.weight", "grad.W_in.bias"} == gate
    assert behind["gamma"] == gate | {"grad.mixer.gamma_ctx.weight", "grad.mixer.gamma_bias"}
    assert "grad.W_out.weight" not in behind["s"]


def test_gradients_that_miss_what_flows_through_the_gain_are_told():
    expectation = expectations(CASE, ("float64",))["float64"]
    through_gain = gradient_paths.gradients_behind(CASE)["gamma"]
    assert gradient_paths.values_behind(expectation, through_gain) == [
        "the gain's argument, before tanh",
        "the gain gamma",
    ]
    assert gradient_paths.values_behind(expectation, {"grad.W_out.weight"}) == []


def test_derivatives_along_a_direction_are_those_of_the_true_gradients():
    expectation = expectations(CASE, ("float64",))["float64"]
    _, gradients = reference.vjp(CASE.parameters, CASE.x, CASE.dy)
    name = "W_in.bias"
    direction = gradient_paths._direction(expectation, f"grad.{name}")
    along = gradient_paths._along(expectation, f"grad.{name}", {})
    allowed = (expectation.bounds(f"grad.{name}") * np.abs(direction)).sum()
    assert abs(along - (gradients[name] * direction).sum()) <= allowed
