"""The forward derivative is that of the definition: by complex step, on any layer, sharp rows included."""

import numpy as np
import pytest

from sessa_ref.config import SessaConfig
from sessa_ref.influence.tangents import forward_derivative
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import layer
from tests.rounding import roundings


@pytest.mark.parametrize(("rope", "sharpness"), [(True, 1.0), (False, 1.0), (True, 30.0)])
def test_it_is_the_complex_step_derivative(rope, sharpness):
    config = SessaConfig(width=6, norm="identity", rope=rope)
    parameters = SessaParameters.random(config, 1)
    sharp = {name: sharpness * parameters[f"mixer.{name}.weight"] for name in ("q_proj", "k_proj", "proj_fb")}
    parameters = parameters.replace({f"mixer.{name}.weight": a for name, a in sharp.items()})
    rng = np.random.default_rng(2)
    x, dx = rng.standard_normal((9, 6)), rng.standard_normal((4, 9, 6))
    expected = np.imag(layer.forward(parameters, x + 1e-100j * dx)) / 1e-100
    dy = forward_derivative(parameters, layer.trace(parameters, x), dx)
    # Logits, and their tangents beside the others, are sharpness^2 times as large; where a weight is near 1, they cancel.
    assert np.all(np.abs(dy - expected) <= roundings(16) * sharpness**2 * np.abs(dy).max())


def test_a_norm_is_refused():
    parameters = SessaParameters.random(SessaConfig.published(4))
    x = np.ones((3, 4))
    with pytest.raises(ValueError, match="no norm"):
        forward_derivative(parameters, layer.trace(parameters, x), x[None])
