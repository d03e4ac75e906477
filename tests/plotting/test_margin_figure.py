"""The figure of margins."""

import numpy as np
import pytest

from sessa_ref.plotting.margin_figure import LEAST, draw_margins
from tests.rounding import LIBRARY, near


def test_curves_and_the_power():
    lags = np.arange(1, 33)
    figure = draw_margins({"one": (lags, 2.0 * lags**0.5), "two": (lags, np.exp(-lags.astype(float)))}, 0.5)
    panel = figure.axes[0]
    assert [line.get_label() for line in panel.get_lines()][:2] == ["one", "two"]
    assert len(panel.get_lines()) == 3
    assert panel.get_ylim()[0] == near(LEAST * 2 * 32**0.5, 2 * (LIBRARY + 1))


def test_no_curve_is_refused():
    with pytest.raises(ValueError, match="at least one curve"):
        draw_margins({})
