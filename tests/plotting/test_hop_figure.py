import numpy as np
import pytest

from sessa_ref.influence.hop_shares import by_hops
from sessa_ref.plotting import hop_figure
from sessa_ref.symbolic import routing


def test_hops():
    B = np.array(routing.uniform(12, 0.9).tolist(), dtype=np.float64)
    found = by_hops(B, 11, 3)
    above, below = hop_figure.draw_hops(found, found).axes
    assert [bar.get_height() for bar in above.patches] == pytest.approx(found.influence.tolist())
    assert [bar.get_height() for bar in below.patches] == pytest.approx(found.shares.ravel().tolist())
    negative = hop_figure.draw_hops(by_hops(-B, 11), found).axes[0]
    assert [bar.get_height() for bar in negative.patches] == pytest.approx(by_hops(-B, 11).influence.tolist())
    assert [text.get_text() for text in below.get_legend().get_texts()][-1] == "1 hop"
    with pytest.raises(ValueError, match="shares must not be negative"):
        hop_figure.draw_hops(by_hops(-B, 11), by_hops(-B, 11))
    with pytest.raises(ValueError, match="no earlier tokens"):
        hop_figure.draw_hops(by_hops(B, 0), by_hops(B, 0))
