"""Paths between any two tokens; what is too large or senseless is refused."""

import pytest

from tests.commands.printed import rows
from tests.commands.running import run


def test_source_and_target():
    result = run("paths", "--length", 6, "--source", 2, "--target", 4)
    assert [row[2] for row in rows(result.output)][:2] == ["b₄₂", "b₃₂ b₄₃"]


def test_too_many_paths_and_the_matrix_form():
    result = run("paths", "--length", 31)
    assert result.exit_code == 2
    assert "2^29 = 536,870,912 paths" in result.output
    assert "--matrix" in result.output
    result = run("paths", "--length", 31, "--matrix")
    assert result.exit_code == 0
    assert rows(result.output)[1] == ["2", "29", "(B²)[30, 0]"]
    assert "536,870,912" in result.output
    result = run("paths", "--length", 31, "--matrix", "--routing", "uniform")
    assert rows(result.output)[0] == ["1", "1", "γ/30"]
    assert sum(int(row[1].replace(",", "")) for row in rows(result.output)[:30]) == 2**29


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--length", -1), "length must be positive, got -1"),
        (("--length", 0), "length must be positive, got 0"),
        (("--length", 4, "--source", 3, "--target", 1), "target must not be before source, got source 3 and target 1"),
        (("--length", 4, "--target", 4), "target must be one of the 4 tokens from 0 on, got 4"),
        (("--length", 4, "--routing", "random"), "routing must be one of general, gains, uniform"),
        (("--length", 101, "--matrix"), "length must be at most 100"),
        (("--length", 4, "--plot", "paths.jpeg"), "a picture must end in one of .svg, .pdf, .png, got paths.jpeg"),
        (("--length", 4, "--plot", "absent/paths.svg"), "there is no folder"),
        (("--length", 4, "--plot", "p.svg", "--powers", "p.svg"), "pictures must go into different files"),
        (("--length", 4, "--gamma", "nan"), "gamma must lie in [-1, 1], got nan"),
        (("--length", 4, "--gamma", 1.5), "gamma must lie in [-1, 1], got 1.5"),
        (("--length", 20000), "there are 2^19998 paths, more than the 4,096"),
        (("--length", 10**20 - 1), "there are 2^99999999999999999997 paths"),
        (("--length", 10**20 - 1, "--matrix"), "length must be at most 100"),
    ],
)
def test_bad_options(arguments, message):
    result = run("paths", *arguments)
    assert result.exit_code == 2
    (line,) = [line for line in result.output.splitlines() if line.startswith("cannot expand")]
    assert message in line


def test_pictures(tmp_path):
    result = run("paths", "--length", 5, "--plot", tmp_path / "paths.svg", "--powers", tmp_path / "powers.pdf")
    assert result.exit_code == 0, result.output
    assert "<svg" in (tmp_path / "paths.svg").read_text()
    assert (tmp_path / "powers.pdf").read_bytes().startswith(b"%PDF")
    assert run("paths", "--length", 5, "--plot", tmp_path / "absent" / "paths.svg").exit_code == 2


def test_a_picture_of_too_many_arcs_is_refused(tmp_path):
    result = run("paths", "--length", 40, "--matrix", "--plot", tmp_path / "paths.png")
    assert result.exit_code == 2
    assert "at most 8,192 arcs" in result.output
