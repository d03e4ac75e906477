import numpy as np
import pytest

from sessa_ref import reference
from sessa_ref.config import SessaConfig
from sessa_ref.influence.hop_shares import by_hops
from sessa_ref.parameters import SessaParameters
from sessa_ref.reference import solve
from sessa_ref.symbolic import hops
from tests.rounding import near, roundings


def routing_of(T, D=8, seed=0):
    parameters = SessaParameters.random(SessaConfig.published(D, 2), seed)
    return reference.trace(parameters, np.random.default_rng(seed).normal(size=(T, D))).B


def test_a_trace_agrees_with_exact_arithmetic():
    """All terms are positive: a hop is a product and a sum of up to 7 terms, and there are up to 7 hops."""
    of_hops = 7 * 8
    B = routing_of(9)
    found = by_hops(B, 7)
    assert found.target == 7
    for source in range(7):
        exact = [float(part) for part in hops.by_hops(B, source, 7)[1:]]
        assert np.allclose(found.parts[: len(exact), source], exact, rtol=roundings(of_hops), atol=0)
        assert np.all(found.parts[len(exact) :, source] == 0)
        assert found.mean_hops[source] == near(float(hops.mean_hops(B, source, 7)), 2 * of_hops + 16)  # of two sums
        assert found.influence[source] == near(sum(exact), of_hops + 7)


@pytest.mark.parametrize("most", [0, 1, 3, 50])
def test_parts_and_the_rest_are_the_whole(most):
    B = routing_of(40)
    found = by_hops(B, 33, most)
    assert len(found.parts) == min(most, 33)
    whole = solve.forward_substitution(B, np.eye(40))[33, :33]
    # A path of h hops is off by 41 h roundings, in either sum; the paths' mean is taken over all of them.
    mean = by_hops(B, 33).mean_hops
    assert np.all(np.abs(found.parts.sum(axis=0) + found.beyond - whole) <= roundings(2 * 41) * mean * whole)
    assert np.allclose(found.shares.sum(axis=0), 1, rtol=0, atol=roundings(2 * 41 * mean.max()))
    assert np.all(found.beyond == 0) == (most >= 33)


def test_eight_hops_are_told_apart_by_default():
    assert len(by_hops(routing_of(12), 11).parts) == 8


def test_signed_gains():
    B = routing_of(12) * np.where(np.arange(12) % 2, -1.0, 1.0)[:, None]
    signed, magnitudes = by_hops(B, 11), by_hops(np.abs(B), 11)
    assert np.any(signed.shares < 0)
    assert np.all((magnitudes.shares >= 0) & (magnitudes.shares <= 1))
    assert np.array_equal(np.abs(signed.parts[0]), magnitudes.parts[0])


def test_without_influence():
    found = by_hops(np.zeros((3, 3)), 2)
    assert np.isnan(found.shares).all()
    assert np.isnan(found.mean_hops).all()
    assert by_hops(routing_of(4), 0).influence.shape == (0,)


def test_bad_arguments():
    B = routing_of(4)
    with pytest.raises(ValueError, match=r"target must be one of the tokens 0 .. 3, got 4"):
        by_hops(B, 4)
    with pytest.raises(ValueError, match="most_hops must not be negative"):
        by_hops(B, 3, -1)
    for wrong in (B + np.eye(4), np.full((4, 4), np.nan)):
        with pytest.raises(ValueError, match="strictly lower-triangular"):
            by_hops(wrong, 3)
    unchecked = getattr(by_hops, "__wrapped__", by_hops)  # without the type checks at run time, which would speak first
    for wrong in (np.zeros((4, 3)), np.zeros((2, 4, 4))):
        with pytest.raises(ValueError, match=r"strictly lower-triangular matrix .* got shape "):
            unchecked(wrong, 1)
