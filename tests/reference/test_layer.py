import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters
from tests.rounding import assert_equal_but_for_rounding
from tests.strategies import cases

CONFIG = SessaConfig.published(12, 3)


def test_torch_is_never_imported():
    script = "import sys, sessa_ref.reference; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("config", [CONFIG, SessaConfig.paper(5)])
@pytest.mark.parametrize("batch", [(), (0,), (2,), (2, 3)])
@pytest.mark.parametrize("T", [0, 1, 2])
def test_short_sequences_and_any_batch(config, batch, T):
    parameters = SessaParameters.random(config)
    x = np.random.default_rng(0).normal(size=(*batch, T, config.width))
    y = reference.forward(parameters, x)
    assert y.shape == x.shape
    assert np.isfinite(y).all()
    dx, _ = reference.vjp(parameters, x, np.ones_like(x))
    assert dx.shape == x.shape


def test_one_token_by_hand():
    """With one token both attentions are trivial: y = x + W_out((W_v u + b_v) g) + b_out."""
    config = SessaConfig.published(4, 1)
    p = SessaParameters.random(config, 5)
    x = np.array([1.0, -2, 0.5, 3])
    n = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
    a, g = np.split(p["W_in.weight"] @ n + p["W_in.bias"], 2)
    u = a * special.ndtr(a)
    s = p["mixer.v_proj.weight"] @ u + p["mixer.v_proj.bias"]
    expected = x + p["W_out.weight"] @ (s * g) + p["W_out.bias"]
    assert_equal_but_for_rounding(lambda x: reference.forward(p, x), x[None], expected[None])


@given(cases(max_T=12), st.data())
def test_the_future_never_changes_the_past(drawn, data):
    """Bit for bit, whether later tokens are other numbers, NaN or infinite."""
    T = drawn.x.shape[1]
    t = data.draw(st.integers(0, max(T - 1, 0)))
    other = drawn.x.copy()
    other[:, t:] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf, 1e200, 0.5]))
    with np.errstate(all="ignore"):
        changed = reference.forward(drawn.parameters, other)
    before = reference.forward(drawn.parameters, drawn.x)
    # an einsum over a shorter or longer past may sum in another order; the past's own length is the same
    assert np.array_equal(changed[:, :t], before[:, :t])


def test_a_nan_does_reach_the_present_and_the_future():
    x = np.random.default_rng(0).normal(size=(6, 12))
    x[2, 3] = np.nan
    y = reference.forward(SessaParameters.random(CONFIG), x)
    assert np.isfinite(y[:2]).all()
    assert np.isnan(y[2:]).all()


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.ones((3, 11)), ValueError, r"x must have shape \(..., T, D\) with D=12, got \(3, 11\)"),
        (np.ones(12), ValueError, r"got \(12,\)"),
        (np.ones((3, 12), dtype=int), TypeError, "x must hold floating-point numbers, got int64"),
        ("text", TypeError, "x must hold floating-point numbers"),
    ],
)
def test_wrong_input(x, error, message):
    with pytest.raises(error, match=message):
        reference.forward(SessaParameters.random(CONFIG), x)


def test_float32_input_is_computed_in_float64():
    x = np.random.default_rng(0).normal(size=(4, 12)).astype(np.float32)
    p = SessaParameters.random(CONFIG)
    assert np.array_equal(reference.forward(p, x), reference.forward(p, x.astype(np.float64)))


def test_arrays_in_any_byte_order_and_tensors_are_the_same_tokens():
    import torch

    parameters = SessaParameters.random(SessaConfig.published(8, 2), 0)
    x = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    y = reference.forward(parameters, x.astype(np.float64))
    for same in (x, x.astype(">f4"), x.astype(">f8"), torch.tensor(x, requires_grad=True), x.tolist()):
        assert np.array_equal(reference.forward(parameters, same), y)
    with pytest.raises(TypeError, match="x must be a plain array, got a masked array"):
        reference.forward(parameters, np.ma.masked_array(x, x > 1))
