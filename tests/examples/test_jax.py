"""sessa_jax.py names what does not fit, and a full cache gives no numbers."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters

jax = pytest.importorskip("jax", reason="jax is not installed, so sessa_jax.py cannot run")
jnp = jax.numpy
CONFIG = SessaConfig.published(8, 2)
PARAMETERS = SessaParameters.random(CONFIG, 0)
X = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def sessa_jax():
    path = Path(__file__).parents[2] / "examples" / "implementations" / "sessa_jax.py"
    spec = importlib.util.spec_from_file_location("sessa_jax", path)
    assert spec is not None
    assert spec.loader is not None
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = written
    return module


@pytest.fixture(scope="module")
def parameters():
    return {name: jnp.asarray(array) for name, array in PARAMETERS.state_dict(np.float32).items()}


def test_a_full_cache(sessa_jax, parameters):
    config = vars(CONFIG)
    step = jax.jit(lambda x_t, cache: sessa_jax.decode_step(parameters, config, x_t, cache))
    _, empty = jax.jit(lambda x: sessa_jax.prefill(parameters, config, x, capacity=1))(X[:0])
    y_t, full = step(X[0], empty)
    # Sums of fewer than 100 terms of order at most 10, in float32.
    assert np.allclose(y_t, reference.forward(PARAMETERS, X)[0], rtol=0, atol=100 * 10 * 2.0**-24)
    with pytest.raises(ValueError, match="the cache has room for 1 tokens and is full"):
        sessa_jax.decode_step(parameters, config, X[1], full)
    y_t, beyond = step(X[1], full)
    assert np.isnan(y_t).all()
    assert np.isnan(step(X[2], beyond)[0]).all()


def test_what_does_not_fit_is_named(sessa_jax, parameters):
    config, x = vars(CONFIG), jnp.asarray(X)
    without = {name: array for name, array in parameters.items() if name != "mixer.q_proj.bias"}
    # Shapes alone are enough for these, and need no compilation.
    _, cache = jax.eval_shape(lambda x: sessa_jax.prefill(parameters, config, x, capacity=8), jnp.stack([x, x]))
    for call, error, message in [
        (
            lambda: sessa_jax.prefill(parameters, config, x, 4),
            ValueError,
            "prompt of 5 tokens has no room in a cache for 4",
        ),
        (lambda: sessa_jax.forward(without, config, x), KeyError, "mixer.q_proj.bias"),
        (lambda: sessa_jax.forward(parameters | {"other": x}, config, x), KeyError, "other"),
        (
            lambda: sessa_jax.forward(parameters | {"ln.bias": x[0, :1]}, config, x),
            ValueError,
            "ln.bias must have shape",
        ),
        (lambda: sessa_jax.forward(parameters, config, x[:, :1]), ValueError, "x must have width 8"),
        (lambda: sessa_jax.forward(parameters, config, jnp.ones((5, 8), int)), TypeError, "x must hold floating-point"),
        (lambda: sessa_jax.decode_step(parameters, config, x[0], cache), ValueError, "the cache's batch axes"),
        (lambda: sessa_jax.decode_step(parameters, config, x[:1], cache), ValueError, "the cache's batch axes"),
    ]:
        with pytest.raises(error, match=message):
            call()
    for name in ("width", "heads", "rope", "norm_eps", "gamma_max", "projection_bias"):
        entries = {key: value for key, value in config.items() if key != name}
        with pytest.raises(KeyError, match=name):
            jax.eval_shape(lambda x, entries=entries: sessa_jax.forward(parameters, entries, x), x)
