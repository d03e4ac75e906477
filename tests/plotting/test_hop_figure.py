import numpy as np
import pytest

from sessa_ref.influence.hop_shares import by_hops
from sessa_ref.plotting import hop_figure
from sessa_ref.symbolic import routing


def heights(panel):
    """Of all steps that are drawn, from the lowest to the highest."""
    data = [patch.get_data() for patch in panel.patches]
    return np.concatenate([steps.values - steps.baseline for steps in data]).tolist()


def test_hops():
    B = np.array(routing.uniform(12, 0.9).tolist(), dtype=np.float64)
    found = by_hops(B, 11, 3)
    above, below = hop_figure.draw_hops(found, found).axes
    assert heights(above) == pytest.approx(found.influence.tolist())
    assert heights(below) == pytest.approx(found.shares.ravel().tolist())
    negative = hop_figure.draw_hops(by_hops(-B, 11), found).axes[0]
    assert heights(negative) == pytest.approx(by_hops(-B, 11).influence.tolist())
    assert [text.get_text() for text in below.get_legend().get_texts()][-1] == "1 hop"
    with pytest.raises(ValueError, match="shares must not be negative"):
        hop_figure.draw_hops(by_hops(-B, 11), by_hops(-B, 11))
    with pytest.raises(ValueError, match="no earlier tokens"):
        hop_figure.draw_hops(by_hops(B, 0), by_hops(B, 0))
