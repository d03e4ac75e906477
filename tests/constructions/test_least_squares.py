import numpy as np
import pytest

from sessa_ref.constructions.least_squares import fit


def test_a_fit_of_two_numbers(rng):
    z = rng.uniform(-1, 1, (800, 2))
    layer, error = fit(z, z.max(axis=1), 0.02, (8, 16), rng)
    assert error < 0.02
    fresh = rng.uniform(-1, 1, (2000, 2))
    assert np.abs(layer(fresh) - fresh.max(axis=1)).max() < 0.03
    moved = fresh + 1e-4 * rng.standard_normal(fresh.shape)
    slopes = np.abs(layer(moved) - layer(fresh)) / np.linalg.norm(moved - fresh, axis=1)
    assert slopes.max() <= layer.lipschitz


def test_a_smooth_function_of_many_numbers(rng):
    z = rng.uniform(-1, 1, (4000, 8))
    inner, outer = rng.normal(0, 0.5, (3, 8)), rng.normal(size=3)

    def smooth(z):
        return np.tanh(z @ inner.T) @ outer

    span = float(np.ptp(smooth(z)))
    layer, error = fit(z, smooth(z), 0.02 * span, (12,), rng)
    fresh = rng.uniform(-1, 1, (4000, 8))
    assert error < 0.02 * span
    assert np.abs(layer(fresh) - smooth(fresh)).max() < 0.03 * span


def test_no_sizes(rng):
    with pytest.raises(ValueError, match="sizes"):
        fit(np.ones((8, 1)), np.ones(8), 0.1, (), rng)
