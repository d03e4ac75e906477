"""Constructed networks as cases of the oracle: right layers conform, wrong ones do not."""

from pathlib import Path

import numpy as np
import pytest

from sessa_ref.commands.network_cases import network_cases, saved_cases
from sessa_ref.constructions import Network
from sessa_ref.constructions.positions import positions
from sessa_ref.constructions.published import to_published
from sessa_ref.constructions.selective_retrieval import selective_retrieval
from sessa_ref.oracle import TargetError, Verdict, verify
from sessa_ref.oracle.implementation.targets import load_target
from tests.commands.running import run

ORACLE = Path(__file__).parents[1] / "oracle"
POSITIONS = to_published(positions(24, 4).network, size=1e4)
RETRIEVAL = selective_retrieval(1, 0.5, 8, target=1).network


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    for name, network in (("positions", POSITIONS), ("retrieval", to_published(RETRIEVAL)), ("paper", RETRIEVAL)):
        network.save(folder / f"{name}.safetensors")
    return {path.stem: path for path in folder.iterdir()}


def test_tokens_and_precisions_fit_the_network(files):
    (case,) = saved_cases(files["positions"])
    assert case.x.shape == (2, 24, 6)
    assert case.dtypes == ("float64", "float32")
    cases = saved_cases(files["retrieval"])
    assert [case.about for case in cases] == list(RETRIEVAL.names)
    assert {case.dtypes for case in cases} == {("float64",)}, "a scaffold of 1e8 leaves float32 no digits"
    assert all("float32" in case.dtypes for case in saved_cases(files["paper"]))


@pytest.mark.parametrize("name", ["positions", "retrieval", "paper"])
def test_our_layer_conforms(files, name):
    report = verify(load_target("sessa_ref.optimized:SessaLayer.from_config"), cases=saved_cases(files[name]))
    assert report.verdict is Verdict.CONFORMS, report.results
    assert {result.check for result in report.results} >= {"forward", "gradients", "decode", "causality", "calls"}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("positions", "MissingGainClamp"),
        ("positions", "DiagonalIncluded"),
        ("positions", "StaleDecodeCache"),
        ("retrieval", "RotaryHalfSplit"),
        ("retrieval", "DiagonalIncluded"),
        ("retrieval", "MissingGainClamp"),
    ],
)
def test_a_wrong_layer_does_not(files, name, wrong):
    wrong_layer = load_target(f"{ORACLE / 'wrong_layers.py'}:{wrong}")
    report = verify(wrong_layer, ["float64"], saved_cases(files[name]), explain=False)
    assert report.verdict is Verdict.DOES_NOT_CONFORM


def test_the_command(files):
    result = run("verify", "sessa_ref.optimized:SessaLayer", "--network", files["positions"])
    assert result.exit_code == 0, result.output
    assert "checking sessa_ref.optimized:SessaLayer on 1 cases" in result.output
    result = run("verify", f"{ORACLE / 'wrong_layers.py'}:DiagonalIncluded", "--network", files["positions"])
    assert result.exit_code == 1, result.output


def test_what_is_refused(files, tmp_path):
    (tmp_path / "x.safetensors").write_text("no")
    for options, message in (
        (("--network", tmp_path / "x.safetensors"), "x.safetensors"),
        (("--network", tmp_path / "absent"), "absent"),
        (("--network", files["positions"], "--quick"), "--quick is about the battery"),
    ):
        result = run("verify", "sessa_ref.optimized:SessaLayer", *options)
        assert result.exit_code == 2
        assert message in " ".join(result.output.split())


def test_a_network_without_digits_is_refused():
    x = np.zeros((1, 4, 4))
    silent = Network(POSITIONS.blocks, POSITIONS.names).without_feedback()
    silent = silent.blocks[0].replace({"W_out.weight": 0 * silent.blocks[0]["W_out.weight"]})
    with pytest.raises(TargetError, match="no precision can judge"):
        network_cases(Network((silent,), ("silent",)), np.zeros((1, 4, 6)) + x.sum())
