import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.oracle.bounds.expectation import Expectation, evaluate
from sessa_ref.oracle.cases.case import case
from sessa_ref.oracle.implementation.torch_adapter import TorchLayer
from sessa_ref.parameters import SessaParameters
from tests.closeness import as_values, assert_within_bounds
from tests.strategies import cases


@given(cases())
def test_float64_gradients_lie_within_the_rounding_bounds_of_extended_precision(drawn):
    expectation = Expectation(drawn, "float64")
    assert_within_bounds(expectation, evaluate(drawn, drawn.x, drawn.dy))


@given(cases())
def test_they_agree_with_autograd_of_the_torch_layer(drawn):
    import torch

    from sessa_ref.optimized import SessaLayer

    module = SessaLayer.from_config(drawn.parameters.config).double()
    module.load_state_dict({name: torch.tensor(array) for name, array in drawn.parameters.items()})
    layer = TorchLayer(module, torch.float64)
    values = as_values(layer.forward(drawn.x), *layer.vjp(drawn.x, drawn.dy))
    assert_within_bounds(Expectation(drawn, "float64"), values)


@given(cases(), st.integers(0, 2**32))
def test_they_agree_with_complex_step_derivatives(drawn, seed):
    """Im f(z + ihv) / h is the derivative along v to O(h^2) = 1e-60, without cancellation.

    Both sides carry float64 errors: each entry of the gradient at most its bound, the complex evaluation
    as much as a real one.
    """
    generator = np.random.default_rng(seed)
    h = 1e-30
    direction = {name: generator.normal(size=array.shape) for name, array in drawn.parameters.items()}
    dx_direction = generator.normal(size=drawn.x.shape)
    parameters = SessaParameters.unchecked(
        drawn.parameters.config,
        {name: np.asarray(array + 1j * h * direction[name]) for name, array in drawn.parameters.items()},
    )
    y = reference.forward(parameters, drawn.x + 1j * h * dx_direction)
    by_complex_step = np.sum(drawn.dy * np.imag(y)) / h

    gradient = evaluate(drawn, drawn.x, drawn.dy)
    expectation = Expectation(drawn, "float64")
    along = {"dx": dx_direction} | {f"grad.{name}": v for name, v in direction.items()}
    by_gradient = sum(np.sum(gradient[name] * v) for name, v in along.items())
    tolerance = 2 * sum(np.sum(expectation.bounds(name) * np.abs(v)) for name, v in along.items())
    assert abs(by_complex_step - by_gradient) <= tolerance


def test_a_wrong_gradient_would_be_seen():
    """The comparison above has teeth: a missing factor in one array breaks it."""
    drawn = case("teeth", "", SessaConfig.published(8, 2), T=9)
    values = evaluate(drawn, drawn.x, drawn.dy)
    values["grad.mixer.gamma_bias"] = values["grad.mixer.gamma_bias"] * (1 + 1e-9)
    with pytest.raises(AssertionError, match=r"grad\.mixer\.gamma_bias"):
        assert_within_bounds(Expectation(drawn, "float64"), values)


@settings(max_examples=15)
@given(cases(max_T=8))
def test_batch_axes_of_any_number(drawn):
    dx, gradients = reference.vjp(drawn.parameters, drawn.x, drawn.dy)
    shape = (1, len(drawn.x), 1, *drawn.x.shape[1:])
    dx_more, gradients_more = reference.vjp(drawn.parameters, drawn.x.reshape(shape), drawn.dy.reshape(shape))
    expectation = Expectation(drawn, "float64")
    values = {"dx": dx_more.reshape(dx.shape)} | {f"grad.{name}": g for name, g in gradients_more.items()}
    assert_within_bounds(expectation, values)
    assert dx_more.shape == shape
    assert all(gradients[name].shape == array.shape for name, array in drawn.parameters.items())


def test_wrong_cotangent():
    parameters = SessaParameters.random(SessaConfig.published(8, 2))
    with pytest.raises(ValueError, match=r"dy must have x's shape \(5, 8\), got \(4, 8\)"):
        reference.vjp(parameters, np.ones((5, 8)), np.ones((4, 8)))
