import numpy as np
import pytest

from sessa_ref.constructions import Network, targets
from sessa_ref.constructions.encoding import adapters, channels_for, encoder, ideal_state
from sessa_ref.constructions.least_squares import fit
from sessa_ref.constructions.universal import FITS, approximate


@pytest.mark.parametrize(("T", "d"), [(1, 1), (2, 1), (5, 2), (8, 1)])
def test_the_encoder_reaches_the_ideal_state(T, d, rng):
    channels = channels_for(T, d)
    x = rng.uniform(-1, 1, (10, T, d))
    np.testing.assert_allclose(encoder(channels, T, d)(x), ideal_state(channels, T, d, x), atol=1e-11)


def test_unembed_undoes_embed(rng):
    embed, unembed = adapters(channels_for(3, 2), 2)
    x = rng.normal(size=(4, 3, 2))
    np.testing.assert_array_equal(unembed(embed(x)), x)


def test_without_feedback_constant_sequences_give_constant_outputs(rng):
    channels = channels_for(5, 1)
    x = np.broadcast_to(rng.uniform(-1, 1, (6, 1, 1)), (6, 5, 1))
    state = encoder(channels, 5, 1, gain=0.0)(x)
    assert np.abs(state - state[:, :1]).max() < 1e-12, "so that F(x)_t = t is out of reach"


def test_a_fit_of_two_numbers(rng):
    z = rng.uniform(-1, 1, (800, 2))
    layer, error = fit(z, z.max(axis=1), 0.02, (8, 16), rng)
    assert error < 0.02
    fresh = rng.uniform(-1, 1, (2000, 2))
    assert np.abs(layer(fresh) - fresh.max(axis=1)).max() < 0.03
    moved = fresh + 1e-4 * rng.standard_normal(fresh.shape)
    slopes = np.abs(layer(moved) - layer(fresh)) / np.linalg.norm(moved - fresh, axis=1)
    assert slopes.max() <= layer.lipschitz


def test_a_recursion_is_found(tmp_path):
    found = approximate(targets.running_maximum, 3, tolerance=0.05, sizes=(4, 8), samples=800, effort=0.2)
    assert found.reached
    assert found.route == "recursive"
    assert found.claim.measure(found.details["worst"][None])[0].holds
    found.network.save(tmp_path / "network.safetensors")
    x = np.random.default_rng(0).uniform(-1, 1, (3, 3, 1))
    np.testing.assert_array_equal(Network.load(tmp_path / "network.safetensors")(x), found.network(x))


def _product_with_the_last(x):
    before = np.ones_like(x)
    before[..., 1:, :] = x[..., :-1, :]
    return x * before


def test_a_map_that_is_no_recursion():
    function = targets.random_network(3, 1)
    with pytest.raises(ValueError, match="no recursion"):
        approximate(_product_with_the_last, 3, tolerance=0.01, route="recursive", sizes=(4,), samples=300)
    found = approximate(function, 3, tolerance=0.1, sizes=(4, 8), samples=800, effort=0.2, route="direct")
    assert found.reached, found.budget
    assert found.error <= dict(found.budget)[FITS] * 3


def test_a_jump_is_out_of_reach():
    found = approximate(np.sign, 2, tolerance=0.1, sizes=(4,), samples=300, effort=0.1)
    assert not found.reached


def test_a_bad_tolerance():
    with pytest.raises(ValueError, match="tolerance"):
        approximate(targets.running_mean, 2, tolerance=0.0)
