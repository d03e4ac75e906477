"""The table of influences by number of hops has every column and row that was asked for."""

from tests.commands.running import run


def test_hops_of_another_target(layer):
    result = run("hops", *layer, "--target", 1, "--rows", 3)
    (line, _) = [line.split() for line in result.output.splitlines() if "%" in line]
    assert line[:2] == ["0", "1"]
    assert line[3:5] == ["100.0", "%"], "one hop is all there is"


def test_many_columns_are_not_cut(layer):
    result = run("hops", *layer, "--most", 19, "--rows", 19)
    table = [line.split() for line in result.output.splitlines() if "%" in line]
    assert len(table) == 20
    assert all(line.count("%") == 20 for line in table)
    assert "…" not in result.output
