import numpy as np
import pytest

from sessa_ref.constructions import ONE, Network, tokenwise
from sessa_ref.constructions.ridge import interpolant
from sessa_ref.constructions.tokenwise import Unit, gelu_units, lag, lag_copy, out, row_gap, stacked, storage
from sessa_ref.reference import forward
from sessa_ref.reference.tokenwise import gelu
from sessa_ref.theory.sharp_attention import lag_target


@pytest.mark.parametrize(("T", "d", "number"), [(2, 1, 1), (5, 2, 4), (12, 1, 7)])
def test_a_lag_is_copied(T, d, number, rng):
    channels = storage(T, d)
    assert channels.width == (T + 1) * d + 2, "the proof's width"
    x = rng.uniform(-1, 1, (3, T, channels.width))
    change = forward(lag_copy(channels, T, d, number), x) - x
    for i in range(d):
        source = channels.read(lag(0, i), x)[:, [lag_target(t, number) for t in range(T)]]
        np.testing.assert_allclose(channels.read(lag(number, i), change), source, atol=1e-14)
    others = [n for n, name in enumerate(channels.names) if not name.startswith(f"lag{number}.")]
    assert not change[..., others].any()


def test_all_pairs_of_wider_heads_keep_their_gap_where_one_pair_loses_it(rng):
    assert row_gap(1024, 3, rows_before=False) < 1e-8
    assert row_gap(1024, 3, 8, 4, rows_before=False) > 0.2
    channels = storage(1, 1, ["lag3.0"])
    x = rng.uniform(-1, 1, (1024, channels.width))
    block = lag_copy(channels, 1024, 1, 3, query_width=8, pairs=4, rows_before=False)
    copied = (forward(block, x) - x) @ channels["lag3.0"]
    np.testing.assert_allclose(copied[3:], channels.read(lag(0, 0), x)[:-3], atol=1e-11)


def test_logits_that_are_too_large(monkeypatch):
    monkeypatch.setattr(tokenwise, "MOST_LOGIT", 1e9)
    with pytest.raises(ValueError, match="cannot focus on lag 2 at length 800"):
        lag_copy(storage(1, 1, ["lag2.0"]), 800, 1, 2)


def test_units_and_their_stack(rng):
    channels = storage(3, 2)
    units = [
        Unit({lag(0, 0): float(a), ONE: float(b)}, {out(0): float(c), out(1): 1.0})
        for a, b, c in rng.normal(size=(25, 3))
    ]
    x = rng.uniform(-1, 1, (2, 3, channels.width))
    wanted = np.zeros_like(x)
    for unit in units:
        weight, bias = channels.affine(unit.reads)
        wanted += gelu(x @ weight + bias)[..., None] * channels.affine(unit.writes)[0]
    wanted += 0.5 * channels[out(1)]
    stack = list(stacked(channels, 3, units, offset={out(1): 0.5}))
    assert len(stack) == -(-25 // (channels.width - 1))
    np.testing.assert_allclose(Network.of(stack)(x) - x, wanted, atol=1e-12)
    with pytest.raises(ValueError, match="a-slots"):
        gelu_units(channels, 3, units)


def test_the_interpolant_keeps_its_bound():
    ramps = interpolant(np.cos, -3.0, 3.0, 40, 1e6)
    z = np.linspace(-3, 3, 5001)
    value = ramps.offset + ramps.weights @ gelu(ramps.sharpness * (z - ramps.knots[:, None])) / ramps.sharpness
    error = np.abs(value - np.cos(z)).max()
    assert error <= 36 / (8 * 40**2) + ramps.kink_error
    assert error >= 0.9 * 36 / (8 * 40**2), "the bound is not generous"
