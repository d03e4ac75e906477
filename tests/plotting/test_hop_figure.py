import numpy as np
import pytest

from sessa_ref.influence.hop_shares import by_hops
from sessa_ref.plotting import hop_figure
from sessa_ref.symbolic import routing
from tests.rounding import roundings


def heights(panel):
    """Of all steps that are drawn, from the lowest to the highest."""
    data = [patch.get_data() for patch in panel.patches]
    return np.concatenate([steps.values - steps.baseline for steps in data])


def test_hops():
    B = np.array(routing.uniform(12, 0.9).tolist(), dtype=np.float64)
    found = by_hops(B, 11, 3)
    above, below = hop_figure.draw_hops(found, found).axes
    assert np.array_equal(heights(above), found.influence)
    stacked = roundings(3)  # a share is added to others, up to about 1, and they are taken away
    assert np.all(np.abs(heights(below) - found.shares.ravel()) <= stacked)
    negative = hop_figure.draw_hops(by_hops(-B, 11), found).axes[0]
    assert np.array_equal(heights(negative), by_hops(-B, 11).influence)
    assert [text.get_text() for text in below.get_legend().get_texts()][-1] == "1 hop"
    with pytest.raises(ValueError, match="shares must not be negative"):
        hop_figure.draw_hops(by_hops(-B, 11), by_hops(-B, 11))
    with pytest.raises(ValueError, match="no earlier tokens"):
        hop_figure.draw_hops(by_hops(B, 0), by_hops(B, 0))
