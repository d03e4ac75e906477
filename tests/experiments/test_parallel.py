import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from typer.testing import CliRunner

from experiments import samples
from experiments.__main__ import app
from experiments.parallel import Processes
from experiments.results import CHECKPOINT, METRICS, MODEL, RESULT
from experiments.run import run
from experiments.settings import Settings
from tests.experiments import processes
from tests.experiments.small import KilledError, kill_after, small

CONFIG = """task = "selective-copying"
width = 8
heads = 2
layers = 2
steps = 6
batch = 4
warmup = 2
watch_every = 2
save_every = 2
test_sequences = 10
[options]
memory = 6
copied = 3
symbols = 4
"""


@pytest.fixture
def float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def losses(folder: Path) -> torch.Tensor:
    notes = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    return torch.tensor([note["loss"] for note in notes if "loss" in note], dtype=torch.float64)


def parameters(folder: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(folder / CHECKPOINT)


def share_trainings(config: Path, tmp_path: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder of what two processes did. On a busy machine one start in some forty waits for ever: it is made again."""
    for attempt in ("first", "second"):
        folder = tmp_path / attempt
        shutil.copytree(tmp_path / "begun", folder)
        command = [sys.executable, "-m", processes.__name__, str(config), str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if "Timeout (" not in done.stderr:
            break
    return folder, done


def test_two_processes_train_as_one_does(tmp_path, float64):
    """In float64: the tests' tolerances, from u = 2^-53, one rounding.

    The first loss and its gradients, which are cut to norm 1, are sums of at most some 50 terms in a few layers: 100 u.
    The first update of Adam, r g / (|g| + 1e-8) with a rate r <= 3e-3, differs by d <= r 100 u / (|g| + 1e-8) in each of
    P parameters, and so the second loss by |g| d for each, P r 100 u together. The parameters differ after 6 steps by
    6 d at most, with g = 0. A gradient that is wrong by a factor changes the second loss by far more.
    """
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    settings = {mixer: Settings.read(config, {"mixer": mixer}) for mixer in ("gain-0", "sessa")}
    alone = {mixer: run(one, tmp_path / mixer, "") for mixer, one in settings.items()}
    with pytest.raises(KilledError):
        run(settings["sessa"], tmp_path / "begun" / "begun-alone", "", kill_after(3))
    folder, done = share_trainings(config, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" parameters, ") == 3  # one process speaks
    run(settings["sessa"], folder / "finished-alone", "")

    many, rate, rounding = alone["sessa"].parameters, 3e-3, 100 * torch.finfo(torch.float64).eps / 2
    for name, mixer in (("ddp", "gain-0"), *((name, "sessa") for name in ("fsdp", "begun-alone", "finished-alone"))):
        error = (losses(folder / name) / losses(tmp_path / mixer) - 1).abs()
        assert len(error) == 6, name
        assert error[0] <= rounding, (name, error)
        assert error[1] <= (1 + many * rate) * rounding, (name, error)
        wanted = parameters(tmp_path / mixer)
        found = parameters(folder / name)
        assert found.keys() == wanted.keys(), name
        for key, value in wanted.items():
            assert (found[key] - value).abs().max() <= 6 * 1e8 * rate * rounding, (name, key)
        assert (folder / name / MODEL).exists()
        machine = json.loads((folder / name / RESULT).read_text())["machine"]
        assert machine["processes"] == (1 if name == "finished-alone" else 2)


UNDER_TORCHRUN = {"TORCHELASTIC_RUN_ID": "a test", "RANK": "0"}


@pytest.mark.parametrize(
    ("options", "variables", "message"),
    [
        ("train --parallel ddp", {}, "--parallel needs torchrun: torchrun --nproc-per-node 2 -m experiments train"),
        ("train --parallel dpp", {}, "--parallel must be ddp or fsdp, got dpp"),
        ("train", UNDER_TORCHRUN, "share a training: --parallel ddp or --parallel fsdp"),
        ("stories", UNDER_TORCHRUN, "of the commands, torchrun can share train alone"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(tmp_path, monkeypatch, options, variables, message):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, [*options.split(), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


def test_a_batch_that_cannot_be_divided_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="batch must be a multiple of the 3 processes, got 4"):
        run(small(), tmp_path / "out", "", processes=Processes("ddp", 1, 3))
    assert not (tmp_path / "out").exists()


def test_each_row_of_a_batch_is_one_process_s():
    batch = samples.to_train(small(), 0)
    parts = [Processes("ddp", rank, 2).rows(batch) for rank in range(2)]
    for name in ("tokens", "positions", "answers"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(batch, name))
