import numpy as np
import pytest

from sessa_ref.config import SessaConfig
from sessa_ref.influence.worst_inputs import largest_output
from sessa_ref.parameters import SessaParameters
from tests.commands.running import run
from tests.rounding import roundings

SHORT = ("--length", 40, "--starts", 1, "--steps", 3)


def test_stability(layer, tmp_path):
    result = run("stability", layer[0], *SHORT, "--radius", 2, "--save", tmp_path / "worst.npy")
    assert result.exit_code == 0, result.output
    for text in ("R = 2, T = 40", "ρ(R)", "Proposition 25", "sharper", "LayerNorm", "several heads"):
        assert text in result.output
    x = np.load(tmp_path / "worst.npy")
    assert x.shape == (40, 8)
    assert np.linalg.norm(x, axis=-1).max() <= 2 * (1 + roundings(2 * (8 + 3)))  # two norms of 8 numbers
    assert f"reached {largest_output(SessaParameters.load(layer[0]), x):.6g}" in result.output


def test_the_paper_block_needs_no_word_about_its_norm(tmp_path):
    SessaParameters.random(SessaConfig.paper(3)).save(tmp_path / "paper.safetensors")
    result = run("stability", tmp_path / "paper.safetensors", *SHORT)
    assert result.exit_code == 0, result.output
    assert "LayerNorm" not in result.output
    assert "heads" not in result.output


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--radius", 0, "radius must be positive and finite, got 0.0"),
        ("--radius", "nan", "radius must be positive and finite, got nan"),
        ("--radius", "1e300", "so large that the layer overflows"),
        ("--length", 0, "length must lie between 1 and 4096, got 0"),
        ("--length", 4097, "length must lie between 1 and 4096, got 4097"),
        ("--steps", 0, "steps must be at least 1, got 0"),
        ("--save", "worst.txt", "save must name a .npy file, got worst.txt"),
        ("--save", "nowhere/worst.npy", "save must name a file in a folder that exists"),
    ],
)
def test_wrong_options(layer, option, value, message):
    result = run("stability", layer[0], option, value)
    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ")
    assert len(result.output.strip().splitlines()) <= 2


def test_a_checkpoint_that_is_no_layer(layer, tmp_path):
    result = run("stability", layer[1])
    assert result.exit_code == 2
    assert "is not a safetensors file" in result.output
    (tmp_path / "config.json").write_text("[]")
    assert "a config must be a JSON object" in run("stability", layer[0], "--config", tmp_path / "config.json").output
    assert run("stability", tmp_path / "absent.safetensors").exit_code == 2
