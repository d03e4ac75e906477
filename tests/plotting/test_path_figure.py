from sessa_ref.plotting import path_figure
from sessa_ref.symbolic import paths, routing
from tests.rounding import near

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
            # Up to 7 hops, each a sum of up to 7 positive products, on either side.
            assert flow == near(float(sum(p.weight(B) for p in through)), 2 * 7 * 8)


def test_negative_weights_are_dashed():
    figure = path_figure.draw_paths(routing.uniform(3), 0, 2, {routing.GAMMA: -0.9})
    styles = [line.get_linestyle() for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    assert styles == ["--", "-", "-"], "one hop is negative, two hops are positive"


def test_no_path_and_no_lag():
    assert arcs(path_figure.draw_paths(routing.banded(4), 1, 1)) == []
    B = routing.predecessor(3)
    B[2, 1] = 0
    assert arcs(path_figure.draw_paths(B, 0, 2)) == []
