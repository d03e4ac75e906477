import numpy as np
import pytest

from sessa_ref.commands import construct_positions
from sessa_ref.constructions import Built, Claim, Network
from sessa_ref.constructions.claim import at_least
from sessa_ref.constructions.positions import positions
from tests.commands.running import run


def test_positions(tmp_path):
    file = tmp_path / "positions.safetensors"
    result = run("construct", "positions", "--length", 16, "--output", file)
    assert result.exit_code == 0, result.output
    assert "least gap between intervals" in result.output
    network = Network.load(file)
    assert len(network.blocks) == 1
    along = network(np.zeros((16, 3))) @ (network.blocks[0]["W_out.weight"].sum(axis=1) / network.notes["scale"])
    assert np.all(np.diff(along) > 0)


@pytest.mark.parametrize(("option", "value"), [("--length", 1), ("--length", 10**6), ("--gamma", 1), ("--width", 0)])
def test_bad_positions(option, value):
    result = run("construct", "positions", option, value)
    assert result.exit_code == 2
    assert result.output.startswith(("cannot construct positions", "  building")), result.output


def test_where_formats_end_is_printed():
    output = run("construct", "positions", "--length", 16, "--gamma", 0.5).output
    assert "bfloat16 can no longer tell neighbours apart" in output
    assert "without feedback all codes are equal" in output


def test_a_claim_that_fails_is_an_exit_code_of_1(monkeypatch):
    monkeypatch.setattr(construct_positions, "positions", _without_feedback)
    result = run("construct", "positions", "--length", 16)
    assert result.exit_code == 1
    assert "FAILS" in result.output


def _without_feedback(*arguments):
    """The construction as a block without feedback, whose codes are all equal."""
    built = positions(*arguments)
    off = built.network.without_feedback()

    def measure(x):
        gap = float(np.diff(off(x)[0] @ off.blocks[0]["W_out.weight"].sum(axis=1)).min())
        return [at_least("least step between neighbours", gap, 1.0)]

    return Built(off, Claim("cor:4.11", built.claim.says, measure))
