import numpy as np
import pytest

from sessa_ref.plotting import power_figure
from sessa_ref.symbolic import routing, series
from tests.rounding import solution_rounding


@pytest.mark.parametrize("sign", [1, -1])
def test_powers(sign):
    B = np.array(routing.uniform(6, sign * 0.5).tolist(), dtype=np.float64)
    figure = power_figure.draw_powers(B, hops=3)
    panels = [axes for axes in figure.axes if axes.images]
    shown = [np.ma.filled(axes.images[0].get_array(), 0.0) for axes in panels]
    wanted = [B, B @ B, B @ B @ B, np.array(series.inverse(B).tolist(), dtype=np.float64) - np.eye(6)]
    allowed = 2 * solution_rounding(B, B)  # of both inverses, and more than powers of B are off by
    assert all(np.all(np.abs(a - b) <= allowed) for a, b in zip(shown, wanted, strict=True))
    assert [axes.images[0].get_cmap().name for axes in panels] == ["cividis" if sign > 0 else "PuOr"] * 4
    with pytest.raises(ValueError, match="two tokens or more"):
        power_figure.draw_powers(np.zeros((1, 1)))
    with pytest.raises(ValueError, match="hops must be positive"):
        power_figure.draw_powers(B, 0)
