from pathlib import Path

import pytest
from typer.testing import CliRunner

from sessa_ref.commands.app import main
from tests.commands.printed import rows
from tests.commands.running import run


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


def test_latex():
    result = run("paths", "--length", 4, "--routing", "uniform", "--latex")
    assert r"\underbrace{\frac{\gamma^{2}}{2}}_{2\ \text{hops}}" in result.output
    assert r"\frac{\gamma \left(\gamma + 1\right) \left(\gamma + 2\right)}{6}" in result.output


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
