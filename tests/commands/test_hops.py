from itertools import pairwise

import numpy as np

from sessa_ref.parameters import SessaParameters
from tests.commands.running import run


def test_hops(layer, tmp_path):
    result = run("hops", *layer, "--plot", tmp_path / "hops.png", "--powers", tmp_path / "powers.svg")
    assert result.exit_code == 0, result.output
    assert "influences on token 19 of 20, by number of hops" in result.output
    table = [line.split() for line in result.output.splitlines() if "%" in line]
    assert len(table) == 13, "twelve sources and all together"
    for line in table:
        shares = [float(word) for word, sign in pairwise(line) if sign == "%"]
        assert len(shares) == 7
        assert abs(sum(round(10 * share) for share in shares) - 1000) <= 7 / 2  # tenths, each of them rounded
    assert (tmp_path / "hops.png").read_bytes().startswith(b"\x89PNG")


def test_negative_gains(layer, tmp_path):
    parameters = SessaParameters.load(layer[0])
    parameters.replace({"mixer.gamma_bias": np.array(-2.0)}).save(tmp_path / "negative.safetensors")
    result = run("hops", tmp_path / "negative.safetensors", layer[1], "--plot", tmp_path / "hops.svg")
    assert result.exit_code == 0, result.output
    assert "some gains are negative: shares are those of the paths' magnitudes" in result.output


def test_a_picture_may_have_brackets_in_its_name(layer, tmp_path):
    result = run("hops", *layer, "--plot", tmp_path / "[red]:smile:.svg")
    assert result.exit_code == 0
    assert "[red]:smile:.svg" in result.output
