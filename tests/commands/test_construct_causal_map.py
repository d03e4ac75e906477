from pathlib import Path

import numpy as np
import pytest

from sessa_ref.constructions import Network
from tests.commands.running import run

EXAMPLE = Path(__file__).parents[2] / "examples" / "constructions" / "running_max.py"


def test_a_causal_map(tmp_path):
    file = tmp_path / "network.safetensors"
    result = run(
        "construct", "causal-map", f"{EXAMPLE}:F", "--length", 2, "--tolerance", 0.1, "--units", 4, "--output", file
    )
    assert result.exit_code == 0, result.output
    assert "tolerance 0.1: reached" in result.output
    x = np.random.default_rng(0).uniform(-1, 1, (20, 2, 1))
    assert np.abs(Network.load(file)(x) - np.maximum.accumulate(x, axis=1)).max() <= 0.1


@pytest.mark.parametrize(
    ("body", "options", "status", "message"),
    [
        ("x[..., ::-1, :]", (), 2, "F is not causal: the inputs"),
        ("np.sign(x)", ("--units", 2), 1, "it is not continuous there"),
        ("x[..., :1, :]", (), 2, "shape"),
        ("x", ("--tolerance", 0), 2, "tolerance must be positive"),
        ("x", ("--length", 100), 2, "length times width"),
        ("x", ("--low", 2), 2, "interval"),
        ("x", ("--units", 0), 2, "units"),
    ],
)
def test_nothing_is_written_where_it_fails(tmp_path, body, options, status, message):
    (tmp_path / "maps.py").write_text(f"import numpy as np\ndef F(x):\n    return {body}\n")
    file = tmp_path / "network.safetensors"
    result = run("construct", "causal-map", f"{tmp_path / 'maps.py'}:F", "--length", 2, "--output", file, *options)
    assert result.exit_code == status, result.output
    assert message in " ".join(result.output.split())
    assert not file.exists()


def test_no_function(tmp_path):
    (tmp_path / "numbers_only.py").write_text("F = 3\n")
    assert "is no function" in run("construct", "causal-map", f"{tmp_path / 'numbers_only.py'}:F").output
    assert "there is no file" in run("construct", "causal-map", f"{tmp_path / 'absent.py'}:F").output
