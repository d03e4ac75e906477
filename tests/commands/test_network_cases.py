"""Constructed networks as cases of the oracle: right layers conform, wrong ones do not."""

from pathlib import Path

import numpy as np
import pytest

from sessa_ref.commands.network_cases import network_cases, saved_cases
from sessa_ref.constructions import Channels, Network
from sessa_ref.constructions.active_transport import active_transport
from sessa_ref.constructions.ordered_codes import OrderedCodes
from sessa_ref.constructions.positions import positions
from sessa_ref.constructions.published import to_published
from sessa_ref.oracle import TargetError, Verdict, verify
from sessa_ref.oracle.implementation.targets import load_target
from tests.commands.running import run

ORACLE = Path(__file__).parents[1] / "oracle"
CHANNELS = Channels(5, ("sig", "pos", "src"))
T = 8
WRITER = positions(T, gamma=0.99, margin=2.0, channels=CHANNELS).network
POSITIONS = to_published(WRITER, size=1e4)
TRANSPORT = WRITER.then(active_transport(CHANNELS, OrderedCodes.written(T, 1.0), 0.5).network)
"""Three blocks: positions, a copy, and a diffuse block, whose forward rows are sharp."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    for name, network in (("positions", POSITIONS), ("transport", to_published(TRANSPORT)), ("paper", TRANSPORT)):
        network.save(folder / f"{name}.safetensors")
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def cases(files):
    return {name: saved_cases(path) for name, path in files.items()}


def test_tokens_and_precisions_fit_the_network(cases):
    (case,) = cases["positions"]
    assert case.x.shape == (2, T, 8)
    assert case.dtypes == ("float64", "float32")
    assert [case.about for case in cases["transport"]] == list(TRANSPORT.names)
    assert {case.dtypes for case in cases["transport"]} == {("float64",)}, "a scaffold of 1e8 leaves float32 no digits"
    assert all("float32" in case.dtypes for case in cases["paper"])


@pytest.mark.parametrize("name", ["positions", "transport", "paper"])
def test_our_layer_conforms(cases, name):
    dtypes = ("float64",) if name == "transport" else ("float64", "float32")
    report = verify(load_target("sessa_ref.optimized:SessaLayer.from_config"), dtypes, cases[name], explain=False)
    assert report.verdict is Verdict.CONFORMS, report.results
    assert {result.check for result in report.results} >= {"forward", "gradients", "decode", "causality", "calls"}


@pytest.mark.parametrize(
    ("name", "about", "wrong"),
    [
        ("positions", "positions", "MissingGainClamp"),
        ("positions", "positions", "DiagonalIncluded"),
        ("positions", "positions", "StaleDecodeCache"),
        ("transport", "diffuse sig", "DiagonalIncluded"),
        ("transport", "diffuse sig", "MissingGainClamp"),
        ("transport", "copy sig", "LooksAhead"),
    ],
)
def test_a_wrong_layer_does_not(cases, name, about, wrong):
    wrong_layer = load_target(f"{ORACLE / 'wrong_layers.py'}:{wrong}")
    chosen = [case for case in cases[name] if case.about == about]
    assert verify(wrong_layer, ["float64"], chosen, explain=False).verdict is Verdict.DOES_NOT_CONFORM


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
    silent = Network(POSITIONS.blocks, POSITIONS.names).without_feedback()
    silent = silent.blocks[0].replace({"W_out.weight": 0 * silent.blocks[0]["W_out.weight"]})
    with pytest.raises(TargetError, match="no precision can judge"):
        network_cases(Network((silent,), ("silent",)), np.zeros((1, 4, 8)))
