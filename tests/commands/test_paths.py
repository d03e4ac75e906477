from pathlib import Path

import pytest
from typer.testing import CliRunner

from sessa_ref.commands.app import main
from tests.commands.running import run


def rows(output):
    return [
        line.strip().split(maxsplit=2) for line in output.splitlines() if line.strip()[:1].isdigit() or "all" in line
    ]


def test_all_paths():
    result = run("paths", "--length", 4)
    assert result.exit_code == 0
    assert result.output.startswith("influence of token 0 on token 3: 4 paths")
    assert rows(result.output)[:3] == [
        ["1", "1", "b₃₀"],
        ["2", "2", "b₁₀ b₃₁ + b₂₀ b₃₂"],
        ["3", "1", "b₁₀ b₂₁ b₃₂"],
    ]


def test_uniform_routing():
    result = run("paths", "--length", 4, "--routing", "uniform")
    assert [row[2].strip() for row in rows(result.output)] == ["γ/3", "γ²/2", "γ³/6", "γ (γ + 1) (γ + 2)/6"]


@pytest.mark.parametrize("arguments", [(), ("--routing", "uniform")])
def test_the_readme_shows_what_is_printed(arguments):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    command = " ".join(["$ sessa-ref paths --length 4", *arguments]) + "\n"
    printed = [line.rstrip() for line in run("paths", "--length", 4, *arguments).output.splitlines()]
    assert command + "\n".join(printed) + "\n" in readme


def test_source_and_target():
    result = run("paths", "--length", 6, "--source", 2, "--target", 4)
    assert [row[2] for row in rows(result.output)][:2] == ["b₄₂", "b₃₂ b₄₃"]


def test_latex():
    result = run("paths", "--length", 4, "--routing", "uniform", "--latex")
    assert r"\underbrace{\frac{\gamma^{2}}{2}}_{2\ \text{hops}}" in result.output
    assert r"\frac{\gamma \left(\gamma + 1\right) \left(\gamma + 2\right)}{6}" in result.output


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


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp1253", "utf-8"])
def test_streams_that_lack_characters(encoding):
    runner, command = CliRunner(charset=encoding), ["paths", "--length", "4"]
    printed = [runner.invoke(main, [*command, *more]).stdout for more in ([], ["--routing", "uniform"])]
    weights = [[row[2].strip() for row in rows(text)] for text in printed]
    plain = [
        ["b30", "b10 b31 + b20 b32", "b10 b21 b32", "b10 b21 b32 + b10 b31 + b20 b32 + b30"],
        ["gamma/3", "gamma^2/2", "gamma^3/6", "gamma (gamma + 1) (gamma + 2)/6"],
    ]
    rich = [
        ["b₃₀", "b₁₀ b₃₁ + b₂₀ b₃₂", "b₁₀ b₂₁ b₃₂", "b₁₀ b₂₁ b₃₂ + b₁₀ b₃₁ + b₂₀ b₃₂ + b₃₀"],
        ["γ/3", "γ²/2", "γ³/6", "γ (γ + 1) (γ + 2)/6"],
    ]
    # Greek has gamma and small exponents, but no subscripts.
    assert weights == {"utf-8": rich, "cp1253": [plain[0], rich[1]]}.get(encoding, plain)


def test_a_picture_of_too_many_arcs_is_refused(tmp_path):
    result = run("paths", "--length", 40, "--matrix", "--plot", tmp_path / "paths.png")
    assert result.exit_code == 2
    assert "at most 8,192 arcs" in result.output
