"""The two pictures show the rows that they should."""

import re

from proofs_checks import figures
from proofs_checks.evidence import Level, Piece
from proofs_checks.ledger import ROWS
from proofs_checks.outcome import Outcome, Status


def drawn(save, tmp_path, outcomes):
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none"}):
        save(outcomes, tmp_path / "figure.svg")
    return (tmp_path / "figure.svg").read_text()


def test_bounds_are_ordered_by_tightness(tmp_path):
    outcomes = {one.id: Outcome(one.id, Status.UNCHECKED) for one in ROWS}
    outcomes["thm:8"] = Outcome(
        "thm:8", Status.HOLDS, Level.CERTIFIED, 0.1, pieces=(Piece("", Level.CERTIFIED, True, "", 0.1),)
    )
    outcomes["lem:4.2"] = Outcome(
        "lem:4.2", Status.HOLDS, Level.SYMBOLIC, 1.0, pieces=(Piece("", Level.SYMBOLIC, True, "", 1.0),)
    )
    svg = drawn(figures.save_tightness, tmp_path, outcomes)
    texts = re.findall(r"<!-- (.*?) -->", svg)
    shown = [text for text in texts if ":" in text]
    assert shown == ["thm:8", "lem:4.2"]
    assert {"certified", "symbolic"} <= set(texts)


def test_a_very_loose_bound_does_not_stretch_the_axis(tmp_path):
    pieces = tuple(Piece("", Level.SYMBOLIC, True, "", tightness) for tightness in (1e-100, 0.5))
    outcomes = {"thm:8": Outcome("thm:8", Status.HOLDS, Level.SYMBOLIC, 0.5, pieces=pieces)}
    svg = drawn(figures.save_tightness, tmp_path, outcomes)
    powers = [int(power) for power in re.findall(r"10\^\{(-?\d+)\}", svg)]
    assert powers
    assert min(powers) >= -6
    marks = re.findall(r'<use xlink:href="#(\w+)" x="([\d.]+)"[^>]*fill: #d55e00', svg)
    assert len(marks) == 3  # the bound that is shown, the arrow, and one in the legend
    assert marks[0][0] == marks[2][0] != marks[1][0]
    assert float(marks[1][1]) > float(marks[0][1])  # 1 is at the left


def test_every_statement_with_a_dependency_is_in_the_graph(tmp_path):
    outcomes = {one.id: Outcome(one.id, Status.UNCHECKED) for one in ROWS}
    svg = drawn(figures.save_dependencies, tmp_path, outcomes)
    connected = {one.id for one in ROWS if one.needs} | {name for one in ROWS for name in one.needs}
    shown = "".join(re.findall(r"<!-- (.*?) -->", svg))  # long names are broken at their hyphens
    assert [name for name in connected if name not in shown] == []
    assert "asm:99" not in shown
    alone = {one.id for one in ROWS} - connected
    assert [name for name in alone if re.search(rf"{re.escape(name)}(?![\d-])", shown)] == []
