"""A function for each way to solve, which the oracle takes as an implementation."""

import pytest
import torch

from sessa_ref.config import SessaConfig
from sessa_ref.optimized import backends
from sessa_ref.optimized.solve import BACKENDS


@pytest.mark.parametrize("name", BACKENDS)
def test_each_backend_has_its_function(name):
    config = SessaConfig(width=6, heads=3, norm="identity", rope=False, projection_bias=False)
    layer = getattr(backends, name)(config)
    assert layer.mixer.backend == name
    assert layer.mixer.config == config
    assert layer(torch.zeros(1, 2, 6)).shape == (1, 2, 6)
