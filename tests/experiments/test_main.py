import json
from io import StringIO

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from experiments.__main__ import app
from experiments.commands.terminal import exit_codes
from experiments.mixers import MIXERS
from experiments.results import RESULT

runner = CliRunner()
CONFIG = "width = 8\nheads = 2\nlayers = 1\nsteps = 3\nbatch = 2\ntest_sequences = 4\n[options]\nsymbols = 4\nstarts = 2\nlag = 4\n"


def train(tmp_path, *options, text=CONFIG):
    (tmp_path / "config.toml").write_text(text)
    out = tmp_path / "out"
    return runner.invoke(app, ["train", "--config", str(tmp_path / "config.toml"), "--out", str(out), *options]), out


def test_a_run(tmp_path):
    done, out = train(tmp_path, "--mixer", "gated-linear", "--seed", "3")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].split()[-3:] == ["25.0%", "100.0%", "100.0%"]
    entries = json.loads((out / RESULT).read_text())
    assert (entries["settings"]["mixer"], entries["settings"]["seed"]) == ("gated-linear", 3)


@pytest.mark.parametrize(
    ("options", "text", "message"),
    [
        (["--mixer", "mamba"], CONFIG, "mixer must be one of sessa, gain-0"),
        (["--threads", "0"], CONFIG, "--threads must be from 1 to 4096, got 0"),
        ([], "lag = 3", "there is no setting lag"),
        (["--task", "mqr"], CONFIG, "the nearest are mqar"),
        (["--task", "mqar"], CONFIG, "mqar has no option symbols, but vocabulary, length"),
        (["--config", "nowhere.toml"], CONFIG, "No such file or directory: nowhere.toml"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(tmp_path, options, text, message):
    done, out = train(tmp_path, *options, text=text)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not out.exists()


def test_a_mixer_whose_package_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.mixers.find_spec", lambda name: None)
    done, out = train(tmp_path, "--mixer", "mamba-2")
    assert done.exit_code == 2
    assert "this mixer needs transformers, which the extra `transformers` installs" in " ".join(done.output.split())
    assert not out.exists()


def test_numbers_of_parameters(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    done = runner.invoke(app, ["mixers", "--config", str(tmp_path / "config.toml")])
    assert done.exit_code == 0, done.output
    counts = {line.split()[0]: line.split()[1] for line in done.output.splitlines()}
    assert list(counts) == list(MIXERS)
    assert int(counts["sessa"]) == int(counts["gain-0"])
    done = runner.invoke(app, ["mixers", "--config", "nowhere.toml"])
    assert done.exit_code == 2
    assert "No such file or directory: nowhere.toml" in done.output


def test_divergence_has_an_exit_code_of_its_own(tmp_path):
    done, out = train(tmp_path, "--learning-rate", "1e30", text=CONFIG.replace("steps = 3", "steps = 30"))
    assert done.exit_code == 1
    assert "training has diverged" in " ".join(done.output.split())
    assert not (out / RESULT).exists()


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_too_little_memory_is_one_line_and_a_bug_is_none(error):
    said = StringIO()
    with pytest.raises(typer.Exit) as stopped, exit_codes(Console(file=said)):
        raise error
    assert stopped.value.exit_code == 2
    assert said.getvalue() == "there is not enough memory\n"
    with pytest.raises(RuntimeError, match="a bug"), exit_codes(Console(file=said)):
        raise RuntimeError("a bug")
