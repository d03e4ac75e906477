import numpy as np
import pytest

from sessa_ref.constructions import Network, targets
from sessa_ref.constructions.universal import FITS, approximate


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
