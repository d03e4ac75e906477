from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from typer.testing import CliRunner

from sessa_ref import cli
from sessa_ref.config import SessaConfig
from sessa_ref.parameters import SessaParameters


def run(*arguments):
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


@pytest.fixture
def layer(tmp_path):
    """A checkpoint and tokens for it."""
    SessaParameters.random(SessaConfig.published(8, 2)).save(tmp_path / "layer.safetensors")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(20, 8)))
    return tmp_path / "layer.safetensors", tmp_path / "x.npy"


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
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
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


def test_hops(layer, tmp_path):
    result = run("hops", *layer, "--plot", tmp_path / "hops.png", "--powers", tmp_path / "powers.svg")
    assert result.exit_code == 0, result.output
    assert "influences on token 19 of 20, by number of hops" in result.output
    table = [line.split() for line in result.output.splitlines() if "%" in line]
    assert len(table) == 13, "twelve sources and all together"
    for line in table:
        shares = [float(word) for word, sign in pairwise(line) if sign == "%"]
        assert len(shares) == 7
        assert sum(shares) == pytest.approx(100, abs=0.05 * 7 + 1e-9)
    assert (tmp_path / "hops.png").read_bytes().startswith(b"\x89PNG")


def test_hops_of_another_target(layer):
    result = run("hops", *layer, "--target", 1, "--rows", 3)
    (line, _) = [line.split() for line in result.output.splitlines() if "%" in line]
    assert line[:2] == ["0", "1"]
    assert line[3:5] == ["100.0", "%"], "one hop is all there is"


def test_negative_gains(layer, tmp_path):
    parameters = SessaParameters.load(layer[0])
    parameters.replace({"mixer.gamma_bias": np.array(-2.0)}).save(tmp_path / "negative.safetensors")
    result = run("hops", tmp_path / "negative.safetensors", layer[1], "--plot", tmp_path / "hops.svg")
    assert result.exit_code == 0, result.output
    assert "some gains are negative: shares are those of the paths' magnitudes" in result.output


def test_tokens_from_safetensors(layer, tmp_path):
    x = np.load(layer[1])
    save_file({"x": x.astype(np.float32), "other": x}, tmp_path / "two.safetensors")
    save_file({"tokens": x}, tmp_path / "one.safetensors")
    for name in ("two", "one"):
        assert run("hops", layer[0], tmp_path / f"{name}.safetensors").exit_code == 0


def test_inputs_that_are_none(layer, tmp_path):
    x = np.load(layer[1])
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "integers.npy", np.ones((3, 8), dtype=int))
    np.save(tmp_path / "wide.npy", np.ones((3, 9)))
    np.save(tmp_path / "batch.npy", np.ones((1, 3, 8)))
    np.save(tmp_path / "nan.npy", np.full((3, 8), np.nan))
    (tmp_path / "text.npy").write_text("x")
    (tmp_path / "text.safetensors").write_text("x")
    save_file({"a": x, "b": x}, tmp_path / "two.safetensors")
    for name, message in {
        "absent.npy": "No such file",
        "objects.npy": "is not a .npy file of numbers",
        "text.npy": "is not a .npy file of numbers",
        "text.safetensors": "is not a safetensors file",
        "two.safetensors": "must hold one tensor, or one named x, got a, b",
        "integers.npy": "x must hold floating-point numbers, got int64",
        "wide.npy": "with D=8, got (3, 9)",
        "batch.npy": "x must have shape (T, D) with D=8, got (1, 3, 8)",
        "nan.npy": "be finite",
    }.items():
        result = run("hops", layer[0], tmp_path / name)
        assert result.exit_code == 2, name
        assert message in result.output, name
    assert run("hops", tmp_path / "absent.safetensors", layer[1]).exit_code == 2
    result = run("hops", *layer, "--target", 20)
    assert "target must be one of the tokens 0 .. 19, got 20" in result.output
