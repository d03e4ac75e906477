"""Figures hold what they should; how they look was looked at."""

import sys

import numpy as np
import pytest

from sessa_ref.influence.hop_shares import arrivals
from sessa_ref.plotting import hop_figure, path_figure, picture_files, power_figure
from sessa_ref.symbolic import paths, routing, series

UNIFORM = {routing.GAMMA: 0.9}


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def arcs(figure):
    """(start, stop, line width) of every arc; time lines are straight."""
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    return [(round(line.get_xdata()[0]), round(line.get_xdata()[-1]), line.get_linewidth()) for line in lines]


def test_a_time_line_for_each_path():
    figure = path_figure.draw_paths(routing.uniform(4), 0, 3, UNIFORM)
    assert [(start, stop) for start, stop, _ in arcs(figure)] == [
        (0, 3), (0, 1), (1, 3), (0, 2), (2, 3), (0, 1), (1, 2), (2, 3),
    ]  # fmt: skip
    assert texts(figure) == ["γ/3", "γ²/3", "γ²/6", "γ³/6", "1 hop", "2 hops", "3 hops"]
    widths = [width for _, _, width in arcs(figure)]
    assert widths[0] > widths[1] > widths[3] > widths[5], "0.3, 0.27, 0.135, 0.1215"


def test_a_time_line_for_each_length():
    figure = path_figure.draw_paths(routing.uniform(9), 1, 8, UNIFORM)
    assert texts(figure)[:7] == [
        "1 path", "6 paths", "15 paths", "20 paths", "15 paths", "6 paths", "1 path",
    ]  # fmt: skip
    assert len(arcs(figure)) == sum(
        len({edge for path in paths.enumerate_paths(1, 8, k) for edge in path.edges}) for k in range(1, 8)
    )


def test_flow_through_edges_adds_up_path_weights():
    B = routing.numbers(routing.uniform(9), UNIFORM)
    for line in path_figure._line_for_each_length(B, 1, 8):
        for edge, flow in line.arcs.items():
            through = [p for p in paths.enumerate_paths(1, 8, line.hops) if edge in p.edges]
            assert flow == pytest.approx(float(sum(p.weight(B) for p in through)), rel=1e-12)


def test_negative_weights_are_dashed():
    figure = path_figure.draw_paths(routing.uniform(3), 0, 2, {routing.GAMMA: -0.9})
    styles = [line.get_linestyle() for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    assert styles == ["--", "-", "-"], "one hop is negative, two hops are positive"


def test_no_path_and_no_lag():
    assert arcs(path_figure.draw_paths(routing.banded(4), 1, 1)) == []
    B = routing.predecessor(3)
    B[2, 1] = 0
    assert arcs(path_figure.draw_paths(B, 0, 2)) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_powers(sign):
    B = np.array(routing.uniform(6, sign * 0.5).tolist(), dtype=np.float64)
    figure = power_figure.draw_powers(B, hops=3)
    panels = [axes for axes in figure.axes if axes.images]
    shown = [np.ma.filled(axes.images[0].get_array(), 0.0) for axes in panels]
    wanted = [B, B @ B, B @ B @ B, np.array(series.inverse(B).tolist(), dtype=np.float64) - np.eye(6)]
    assert all(np.allclose(a, b, rtol=1e-12) for a, b in zip(shown, wanted, strict=True))
    assert [axes.images[0].get_cmap().name for axes in panels] == ["cividis" if sign > 0 else "PuOr"] * 4
    with pytest.raises(ValueError, match="two tokens or more"):
        power_figure.draw_powers(np.zeros((1, 1)))
    with pytest.raises(ValueError, match="hops must be positive"):
        power_figure.draw_powers(B, 0)


def test_arrivals():
    B = np.array(routing.uniform(12, 0.9).tolist(), dtype=np.float64)
    found = arrivals(B, 11, 3)
    above, below = hop_figure.draw_arrivals(found, found).axes
    assert [bar.get_height() for bar in above.patches] == pytest.approx(found.influence.tolist())
    assert [bar.get_height() for bar in below.patches] == pytest.approx(found.shares.ravel().tolist())
    negative = hop_figure.draw_arrivals(arrivals(-B, 11), found).axes[0]
    assert [bar.get_height() for bar in negative.patches] == pytest.approx(arrivals(-B, 11).influence.tolist())
    assert [text.get_text() for text in below.get_legend().get_texts()][-1] == "1 hop"
    with pytest.raises(ValueError, match="shares must not be negative"):
        hop_figure.draw_arrivals(arrivals(-B, 11), arrivals(-B, 11))
    with pytest.raises(ValueError, match="no earlier tokens"):
        hop_figure.draw_arrivals(arrivals(B, 0), arrivals(B, 0))


@pytest.mark.parametrize("suffix", picture_files.FORMATS)
def test_files_can_be_repeated(tmp_path, suffix):
    for name in ("a", "b"):
        picture_files.save(path_figure.draw_paths(routing.general(4), 0, 3), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_other_endings(tmp_path):
    with pytest.raises(ValueError, match=r"must end in one of \.svg, \.pdf, \.png, got paths\.jpeg"):
        picture_files.save(path_figure.draw_paths(routing.general(3), 0, 2), tmp_path / "paths.jpeg")


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install \"sessa-ref\[report\]\""):
        path_figure.draw_paths(routing.general(3), 0, 2)
