import numpy as np
import pytest

from sessa_ref.constructions import ONE, Network, tokenwise
from sessa_ref.constructions.tokenwise import DELTA, Unit, gelu_units, lag, lag_copy, out, row_gap, stacked, storage
from sessa_ref.reference.tokenwise import gelu
from sessa_ref.theory.sharp_attention import lag_target
from tests.rounding import assert_equal_but_for_rounding, bound


@pytest.mark.parametrize(("T", "d", "number"), [(2, 1, 1), (5, 2, 4), (12, 1, 7)])
def test_a_lag_is_copied(T, d, number, rng):
    channels = storage(T, d)
    assert channels.width == (T + 1) * d + 2, "the proof's width"
    x = rng.uniform(-1, 1, (3, T, channels.width))
    network = Network.of([("lag", lag_copy(channels, T, d, number))])
    wanted = x.copy()
    for i in range(d):
        source = channels.read(lag(0, i), x)[:, [lag_target(t, number) for t in range(T)]]
        wanted += source[..., None] * channels[lag(number, i)]
    assert_equal_but_for_rounding(network, x, wanted)
    change = network(x) - x
    others = [n for n, name in enumerate(channels.names) if not name.startswith(f"lag{number}.")]
    assert not change[..., others].any()


def test_all_pairs_of_wider_heads_keep_their_gap_where_one_pair_loses_it(rng):
    assert row_gap(1024, 3, rows_before=False) < 1e-8
    assert row_gap(1024, 3, 8, 4, rows_before=False) > 0.2
    channels = storage(1, 1, ["lag3.0"])
    x = rng.uniform(-1, 1, (1024, channels.width))
    block = lag_copy(channels, 1024, 1, 3, query_width=8, pairs=4, rows_before=False)
    wanted = x[3:] + channels.read(lag(0, 0), x)[:-3, None] * channels["lag3.0"]
    network = Network.of([("lag", block)])
    error, allowed = np.abs(network(x)[3:] - wanted), bound(network, x, draws=2)[3:]
    assert np.all(error <= allowed + 2 * DELTA)
    assert allowed.max() < 1e-9, "so that the comparison has teeth"


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
    assert_equal_but_for_rounding(Network.of(stack), x, x + wanted)
    with pytest.raises(ValueError, match="a-slots"):
        gelu_units(channels, 3, units)
